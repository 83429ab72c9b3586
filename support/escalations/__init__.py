"""Warnings, breaches and their escalation: told when their time comes, up a ladder until somebody takes it up."""
