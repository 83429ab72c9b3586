"""Sync's sections of the configuration."""
