"""The pages on which accounts are the same company."""
