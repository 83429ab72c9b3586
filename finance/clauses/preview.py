"""Whom the publication of a draft concerns: tiers that gain or lose a text, and what is judged otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from accounts.models import Account, Tier
from common.export import Table, table_of
from finance.clauses.guardrail import Finding, assess_by
from finance.clauses.library import Standard
from finance.clauses.register import Row, shown
from finance.models import Deviation

MOST = 200


@dataclass(frozen=True, slots=True)
class Shift:
    """A tier for which a text comes to be pre-approved, or ceases to be, with how many customers have it."""

    text: str
    tier: str
    is_gained: bool
    customers: int


@dataclass(frozen=True, slots=True)
class Judged:
    """An open deviation that the draft judges otherwise than the version in force."""

    row: Row
    before: Finding
    after: Finding


@dataclass(frozen=True, slots=True)
class Preview:
    """What publishing would change; what was granted stays granted whatever it says."""

    shifts: list[Shift]
    judged: list[Judged]
    open: int


def preview_of(before: Standard | None, draft: Standard, tiers: Mapping[str, str]) -> Preview:
    """Return whom a draft concerns; a handful of queries, whatever the number of accounts."""
    held = Deviation.objects.live().filter(family__key=draft.family, account__deleted_at=None)
    rows = [Row(each) for each in shown(held).order_by("-asked_at", "-pk")[:MOST]]
    by_slug = {tier.slug: tier for tier in Tier.objects.all()}
    judged = []
    for row in rows:
        deviation = row.deviation
        clause = {
            "family": draft.family,
            "text": None,
            "wording": deviation.wording,
            "terms": deviation.terms,
        }
        was, now = (_find(standard, by_slug.get(deviation.tier), clause) for standard in (before, draft))
        if was.kind != now.kind:
            judged.append(Judged(row, was, now))
    return Preview(_shifts(before, draft, tiers), judged, len(rows))


def judged_table(preview: Preview) -> Table:
    """Return what would be judged otherwise, as a file."""
    return table_of(
        "clause-preview",
        preview.judged,
        (
            ("account_id", "Account id", lambda each: each.row.deviation.account_id),
            ("account", "Account", lambda each: each.row.deviation.account.name),
            ("contract", "Contract", lambda each: str(each.row.deviation.contract or "")),
            ("text", "Text", lambda each: each.row.asked),
            ("state", "State", lambda each: each.row.state),
            ("now", "Now", lambda each: each.before.sentence),
            ("then", "Then", lambda each: each.after.sentence),
        ),
    )


def _find(standard: Standard | None, tier: Tier | None, clause: dict[str, Any]) -> Finding:
    library = {standard.family: standard} if standard else {}
    return assess_by(library, tier, [clause])[0]


def _shifts(before: Standard | None, draft: Standard, tiers: Mapping[str, str]) -> list[Shift]:
    old = {text.key: set(text.tiers) for text in before.texts} if before else {}
    new = {text.key: set(text.tiers) for text in draft.texts}
    labels = {text.key: text.label for standard in (before, draft) if standard for text in standard.texts}
    customers: QuerySet[Any, Any] = Account.objects.customers()
    counts = dict(customers.order_by().values_list("standing__tier__slug").annotate(count=Count("pk")))
    return [
        Shift(labels[key], tiers.get(slug, slug), slug in new.get(key, set()), counts.get(slug, 0))
        for key in labels
        for slug in [*tiers, *sorted((old.get(key, set()) | new.get(key, set())) - tiers.keys())]
        if (slug in old.get(key, set())) != (slug in new.get(key, set()))
    ]
