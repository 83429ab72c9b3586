"""Recurring revenue: where it stands, what moved it, and how it is rolled up."""
