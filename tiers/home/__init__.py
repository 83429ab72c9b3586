"""What RevOps sees first of tiers."""

from tiers.home import boundaries, decisions, fired

__all__ = ["boundaries", "decisions", "fired"]
