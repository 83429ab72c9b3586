"""What may be agreed with an account without asking, clause by clause, and whose word is needed beyond."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from accounts.lenses import Panel, register_panel
from accounts.models import Account, Tier
from common.export import Table, table_of
from finance.clauses.library import Standard, Text, read_library
from finance.clauses.words import steps_in_words
from people.models import Category
from tiers.entitlements.panel import values_on
from tiers.entitlements.resolution import tiers_of


def allowed_for(
    account: Account, tier: Tier | None, library: Mapping[str, Standard], **more: Any
) -> list[dict[str, Any]]:
    """Return a row for each family with a version in force: what is preferred, free for the tier, and beyond.

    As plain values; ``more`` goes into the address where a deviation is asked for.
    """
    slug = tier.slug if tier else ""
    asking = reverse("finance:deviation_new")
    return [
        {
            "clause": standard.label,
            "preferred": _told(standard, standard.texts[0]),
            "free": [_told(standard, text) for text in standard.texts[1:] if slug and slug in text.tiers],
            "beyond": steps_in_words(standard.steps),
            "ask_url": f"{asking}?{urlencode({'account': account.pk, 'family': key} | more)}",
        }
        for key, standard in library.items()
        if standard.texts
    ]


def _told(standard: Standard, text: Text) -> dict[str, str]:
    said = "; ".join(f"{label}: {value}" for label, value in standard.shape.words(text.terms))
    return {"label": text.label, "terms": said}


@register_panel
class Allowed(Panel):
    """What sales and customer success may promise in a negotiation without asking, by the account's tier."""

    key = "finance.allowed"
    title = "What may be agreed"
    template = "finance/panels/allowed.html"
    category = Category.CONTRACTS
    span = 12
    is_lazy = True
    is_flush = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        tier = tiers_of([account], values_on(account, as_of), as_of)[account.pk]
        return {
            "tier": tier.slug if tier else "",
            "rows": allowed_for(account, tier, read_library()),
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return what may be agreed."""
        if not data["rows"]:
            return None
        return table_of(
            "what-may-be-agreed",
            data["rows"],
            [
                ("clause", "Clause", lambda row: row["clause"]),
                ("preferred", "Preferred", lambda row: _words(row["preferred"])),
                ("free", "Without asking", lambda row: " / ".join(_words(each) for each in row["free"])),
                ("beyond", "Beyond it", lambda row: row["beyond"]),
            ],
        )


def _words(text: Mapping[str, str]) -> str:
    return f"{text['label']} ({text['terms']})" if text["terms"] else text["label"]
