"""Panels of the account page about its way through the tiers."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.urls import reverse

from accounts.lenses import Panel, register_panel
from accounts.models import Account
from metrics.engine.plan import today
from people.models import Category
from tiers.history import stays_of, waiting_move

SHOWN = 5


@register_panel
class TierHistory(Panel):
    """In which tiers the account was, since when, and what or who put it there."""

    key = "tiers.history"
    title = "Tier history"
    template = "tiers/panels/history.html"
    category = Category.ACCOUNT_PROFILE
    span = 6
    is_lazy = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        stays = stays_of(account, as_of)
        move = waiting_move(account)
        return {
            "stays": [
                {
                    "tier": stay.tier.slug,
                    "label": stay.tier.label,
                    "began_on": stay.began_on,
                    "ended_on": stay.ended_on,
                    "cause": stay.cause,
                    "reason": stay.reason,
                    "by": stay.by,
                }
                for stay in stays[:SHOWN]
            ],
            "more": max(0, len(stays) - SHOWN),
            "waits": None
            if move is None or as_of < today()
            else {
                "tier": move.to_tier.slug,
                "label": move.to_tier.label,
                "until": move.until,
                "why": move.get_why_display(),
            },
            "url": reverse("tiers:account", args=[account.pk]),
        }
