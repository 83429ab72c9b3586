"""The clause library, its guardrail, and deviations from it."""
