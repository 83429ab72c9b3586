"""Tasks: what a function or a person has to do for an account, opened by any app and done on one page."""
