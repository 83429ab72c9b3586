-- How many further terms end in the month of a day or before it.
(({month} - (date_part('year', {first_end}) * 12 + date_part('month', {first_end}))::integer) / {months})
