"""The pages about nights: one refresh step by step, days made again, two nights compared, and what was told."""
