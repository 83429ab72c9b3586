"""The queue: every open ticket in the order in which it runs out of time, and who has it."""
