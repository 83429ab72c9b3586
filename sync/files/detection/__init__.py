"""How dates and numbers are written, judged from all cells of a column."""
