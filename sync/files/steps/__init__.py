"""What workers do to an import: read, try, bring in. Each step commits with its mark, so it can be repeated."""
