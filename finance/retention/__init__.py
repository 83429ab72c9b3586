"""Retention of revenue: definitions, what makes them differ, cohorts, and what renewals will bring."""
