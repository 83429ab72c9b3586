"""What is done about nights: their sums, how two compare, what RevOps is told, and days that are made again."""
