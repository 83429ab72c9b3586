"""Configuration: who changed what, taking it back, and keeping it as files. Sections come from ``<app>/config.py``."""
