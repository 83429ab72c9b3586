"""Contracts: what runs, what it costs, when it ends."""
