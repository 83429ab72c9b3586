"""Pulling: connectors know a system each, one engine runs them and hands what they bring to the pipeline."""
