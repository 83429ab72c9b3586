"""What the account page shows of tiers."""

from __future__ import annotations

from tiers import panels as _panels  # noqa: F401 - declares the panels
