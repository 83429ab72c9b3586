-- The versions of a function with one more, which nobody has saved.
SELECT held.id, held.version, held.starts_on, held.ends_on, held.loaded_cost, held.capacity_hours, held.currency
FROM ({versions}) AS held
UNION ALL
SELECT 0, 2147483647, {starts_on}::date, NULL, {loaded_cost}::numeric, {capacity_hours}::numeric, {currency}
