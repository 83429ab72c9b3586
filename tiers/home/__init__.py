"""What RevOps sees first of tiers."""

from tiers.home import boundaries, decisions, fired, scheduled

__all__ = ["boundaries", "decisions", "fired", "scheduled"]
