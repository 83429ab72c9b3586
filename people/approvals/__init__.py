"""Approvals: somebody asks, others decide, step by step and by a clock; kinds come from ``<app>/approvals.py``."""
