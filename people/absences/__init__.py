"""Absences: who is away from when to when, and who works in their place."""
