"""Shared views and target lists as a section of the configuration."""
