"""What the account page and the first screen show of tiers."""

from __future__ import annotations

from accounts.lenses import register_panel
from tiers import home as _home  # noqa: F401 - declares the cards
from tiers import panels as _panels  # noqa: F401 - declares the panels
from tiers.entitlements.panel import EntitlementPanel
from tiers.path import panel as _path  # noqa: F401 - declares the panel


@register_panel
class Entitlements(EntitlementPanel):
    """Everything that the account is entitled to."""

    key = "tiers.entitlements"
    title = "What this account is entitled to"
    span = 12
    is_lazy = True
