"""The pages of saved views and target lists."""
