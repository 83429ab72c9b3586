"""What support promised and kept, told from the ledgers of tickets."""
