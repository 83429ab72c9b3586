"""The lists of a preview: its accounts with reasons, and its sums as tables for pages and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db.models import Count, F, QuerySet

from accounts.conditions.values import is_storable
from accounts.models import Account, Tier
from common.export import Offer, Table, table_of
from tiers.models import PreviewReplay, PreviewRow, PreviewRun
from tiers.preview.reasons import Reasons

AT_ONCE = 500
SHOWN_REPEATED = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One account of a preview with its reason."""

    row: PreviewRow
    account: Account
    from_tier: Tier | None
    to_tier: Tier | None
    reason: str

    @property
    def way(self) -> str:
        """Up, down, or neither."""
        return {1: "up", -1: "down"}.get(self.row.direction, "")


def rows_of(run: PreviewRun, chosen: Mapping[str, str]) -> QuerySet[PreviewRow]:
    """Return the accounts of a run that filters choose (outcome, way, from, to, near), the most valuable first."""
    rows = PreviewRow.objects.filter(run=run)
    outcome = chosen.get("outcome", "")
    if outcome in PreviewRow.Outcome.values:
        rows = rows.filter(outcome=outcome)
    if chosen.get("near") == "1":
        rows = rows.filter(is_near=True)
    elif outcome != PreviewRow.Outcome.STAYS:
        rows = rows.exclude(outcome=PreviewRow.Outcome.STAYS)
    if chosen.get("way") in ("up", "down"):
        rows = rows.filter(direction=1 if chosen["way"] == "up" else -1)
    for name in ("from", "to"):
        slug = chosen.get(name, "")
        if slug:
            rows = rows.filter(**{f"{name}_tier__slug": slug}) if is_storable(slug) else rows.none()
    rows = rows.select_related("account", "from_tier", "to_tier")
    return rows.order_by(F("arr").desc(nulls_last=True), "account_id")


def told(run: PreviewRun, rows: Iterable[PreviewRow]) -> Iterator[Told]:
    """Yield rows with their reasons, some hundred at a time."""
    reasons = Reasons(run)
    waiting = iter(rows)
    while listed := list(islice(waiting, AT_ONCE)):
        found = reasons.of(listed)
        for row in listed:
            yield Told(
                row=row,
                account=row.account,
                from_tier=row.from_tier,
                to_tier=row.to_tier,
                reason=found[row.pk],
            )


def repeated(run: PreviewRun) -> list[dict[str, Any]]:
    """Return the accounts that would have moved most often in the year past, with how often they did."""
    moved: Any = (
        PreviewReplay.objects.filter(run=run)
        .values("account_id", "account__name")
        .order_by()
        .annotate(moves=Count("pk"))
        .filter(moves__gt=1)
        .order_by("-moves", "account_id")
    )
    return list(moved)


def offers_of(run: PreviewRun, chosen: Mapping[str, str]) -> list[Offer]:
    """Return every list of a preview's page that has rows."""
    summary = run.summary or {}
    name = f"preview-{run.pk}"
    labels = dict(Tier.objects.values_list("slug", "label"))

    def tier(key: str) -> Any:
        return lambda one: labels.get(one[key], one[key])

    def plain(key: str) -> Any:
        return lambda one: one[key]

    def money(key: str) -> Any:
        return lambda one: Decimal(one[key])

    outcomes = dict(PreviewRow.Outcome.choices)
    offers = [
        Offer("accounts", "Accounts", lambda: _accounts_table(run, chosen)),
        Offer(
            "moves",
            "Moves",
            lambda: table_of(
                f"{name}-moves",
                summary["moves"],
                (
                    ("from", "From", tier("from")),
                    ("to", "To", tier("to")),
                    ("when", "When", lambda one: str(outcomes.get(one["outcome"], one["outcome"]))),
                    ("accounts", "Accounts", plain("accounts")),
                    ("arr", "ARR", money("arr")),
                ),
            ),
        ),
        Offer(
            "tiers",
            "Tiers before and after",
            lambda: table_of(
                f"{name}-tiers",
                summary["tiers"],
                (
                    ("tier", "Tier", tier("tier")),
                    ("before", "Accounts now", plain("before")),
                    ("after", "Accounts then", plain("after")),
                    ("arr_before", "ARR now", money("arr_before")),
                    ("arr_after", "ARR then", money("arr_after")),
                ),
            ),
        ),
        Offer(
            "load",
            "Tickets by first response",
            lambda: _counts(f"{name}-load", summary["load"], "class", "First response"),
        ),
        Offer("roles", "Pod roles", lambda: _counts(f"{name}-roles", summary["roles"], "role", "Role")),
        Offer(
            "terms",
            "Terms granted",
            lambda: table_of(
                f"{name}-terms",
                summary["terms"],
                (
                    ("from", "From", tier("from")),
                    ("to", "To", tier("to")),
                    ("accounts", "Accounts", plain("accounts")),
                    ("arr", "ARR", money("arr")),
                    ("changes", "Changes", plain("words")),
                ),
            ),
        ),
        Offer(
            "months",
            "Moves of the year past",
            lambda: table_of(
                f"{name}-months",
                summary["months"],
                (
                    ("month", "Month", lambda one: date.fromisoformat(one["month"])),
                    ("up", "Up by this version", plain("up")),
                    ("down", "Down by this version", plain("down")),
                    ("really_up", "Up in fact", plain("really_up")),
                    ("really_down", "Down in fact", plain("really_down")),
                ),
            ),
        ),
        Offer(
            "repeated",
            "Moved more than once",
            lambda: table_of(
                f"{name}-repeated",
                repeated(run),
                (
                    ("account_id", "Account id", plain("account_id")),
                    ("account", "Account", plain("account__name")),
                    ("moves", "Moves", plain("moves")),
                ),
            ),
        ),
    ]
    empty = {key for key in ("moves", "tiers", "load", "roles", "terms", "months") if not summary[key]}
    if not rows_of(run, chosen).exists():
        empty.add("accounts")
    if not summary["repeated"]:
        empty.add("repeated")
    return [offer for offer in offers if offer.key not in empty]


def _counts(name: str, rows: Iterable[dict[str, Any]], key: str, label: str) -> Table:
    return table_of(
        name,
        rows,
        (
            (key, label, lambda one: one[key]),
            ("before", "Now", lambda one: one["before"]),
            ("after", "Then", lambda one: one["after"]),
        ),
    )


def _accounts_table(run: PreviewRun, chosen: Mapping[str, str]) -> Table:
    return table_of(
        f"preview-{run.pk}-accounts",
        told(run, rows_of(run, chosen).iterator(chunk_size=AT_ONCE)),
        (
            ("account_id", "Account id", lambda one: one.account.pk),
            ("account", "Account", lambda one: one.account.name),
            ("from", "From", lambda one: one.from_tier.label if one.from_tier else ""),
            ("to", "To", lambda one: one.to_tier.label if one.to_tier else ""),
            ("way", "Way", lambda one: one.way),
            ("when", "When", lambda one: one.row.get_outcome_display()),
            ("until", "Until", lambda one: one.row.until),
            ("arr", "ARR", lambda one: one.row.arr),
            ("near", "Near a boundary", lambda one: one.row.is_near),
            ("reason", "Reason", lambda one: one.reason),
        ),
    )
