"""Freshness: how old what came in may be and is, by source and data category, and which numbers that touches."""
