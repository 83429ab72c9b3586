"""Whether the contracts of an account are in order: clauses, obligations, notice, deviations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, Q, Value
from django.urls import reverse

from accounts.lenses import Panel, register_panel
from accounts.models import Account
from common.export import Table, table_of
from common.formatting import format_date, format_distance
from common.periods import end_of
from finance.clauses.panels import clauses_of
from finance.contracts.panels import running_contracts
from finance.models import ContractObligation, Deviation
from metrics.expressions import utc_day
from people.models import Category

NOTICE_WITHIN = 120
YEAR = timedelta(days=365)
Check = dict[str, Any]


@register_panel
class ContractHealth(Panel):
    """What of the contracts needs a look: clauses beyond the guardrail, late obligations, notice, open deviations."""

    key = "finance.contract_health"
    title = "Contract health"
    template = "finance/panels/contract_health.html"
    category = Category.CONTRACTS
    span = 6
    is_lazy = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        running = running_contracts(account, as_of)
        counted = _counts(account, as_of)
        checks = [
            _clauses(account, as_of),
            _obligations(account, counted["obligations"]),
            _notice(running, as_of),
            _deviations(account, counted["deviations"]),
        ]
        return {
            "running": len(running),
            "checks": checks,
            "open": sum(check["needs_look"] for check in checks),
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the checks shown."""
        return table_of(
            "contract-health",
            data["checks"],
            [
                ("check", "Check", lambda check: check["label"]),
                ("needs_look", "Needs a look", lambda check: check["needs_look"]),
                ("told", "What it says", lambda check: check["words"]),
            ],
        )


def _check(label: str, words: str, url: str, tone: str = "") -> Check:
    return {"label": label, "words": words, "url": url, "tone": tone, "needs_look": bool(tone)}


def _clauses(account: Account, as_of: date) -> Check:
    rows = clauses_of(account, as_of)
    beyond = sum(row["kind"] == "outside" for row in rows)
    words = f"{beyond} of {len(rows)} beyond the guardrail" if rows else "none written down"
    return _check("Clauses", words, account.get_absolute_url(lens="legal"), "amber" if beyond else "")


def _counts(account: Account, as_of: date) -> dict[str, tuple[int, ...]]:
    """Return four counts of obligations and two of deviations, as they stood on a day; one query.

    Of obligations: those late, ours among them, those due in the twelve months before, and those of them met in time.
    Of deviations: those that waited, and those granted by then that are in no contract yet.
    """
    known = end_of(as_of)
    late = Q(done_at=None) | Q(done_at__gte=known)
    of_year = Q(due_on__gte=as_of - YEAR)
    held: Any = ContractObligation.objects.holding(as_of).filter(
        contract__account=account, created_at__lt=known, due_on__lt=as_of
    )
    obligations = (
        held.order_by()
        .alias(done_on=utc_day("done_at"))
        .values(counted=Value("obligations"))
        .annotate(
            first=Count("pk", filter=late),
            second=Count("pk", filter=late & Q(party=ContractObligation.Party.OURS)),
            third=Count("pk", filter=of_year),
            fourth=Count("pk", filter=of_year & Q(done_on__lte=F("due_on"))),
        )
    )
    waits, is_granted = Q(decided_at=None) | Q(decided_at__gte=known), Q(state=Deviation.State.GRANTED)
    asked: Any = Deviation.objects.filter(account=account, asked_at__lt=known)
    deviations = (
        asked.order_by()
        .values(counted=Value("deviations"))
        .annotate(
            first=Count("pk", filter=waits),
            second=Count("pk", filter=is_granted & Q(decided_at__lt=known)),
            third=Value(0),
            fourth=Value(0),
        )
    )
    found: dict[str, tuple[int, ...]] = {"obligations": (0, 0, 0, 0), "deviations": (0, 0, 0, 0)}
    names = ("counted", "first", "second", "third", "fourth")
    found |= {kind: tuple(counts) for kind, *counts in obligations.union(deviations).values_list(*names)}
    return found


def _obligations(account: Account, counts: Sequence[int]) -> Check:
    late, ours, due, in_time = counts
    told = [f"{late} late, {ours} of them ours"] if late else ["none late"]
    if due:
        told.append(f"{in_time} of {due} met in time over twelve months")
    return _check(
        "Obligations",
        "; ".join(told),
        f"{reverse('finance:obligations')}?{urlencode({'q': account.name})}",
        "red" if late else "",
    )


def _notice(running: Sequence[Any], as_of: date) -> Check:
    waiting = [
        contract
        for contract in running
        if not contract.is_trial and contract.notice_on is not None and contract.notice_on >= as_of
    ]
    first = min(waiting, key=lambda contract: contract.notice_on, default=None)
    if first is None:
        return _check("Notice", "no day for notice ahead", reverse("finance:renewals"))
    left = (first.notice_on - as_of).days
    words = f"{first} by {format_date(first.notice_on)}, {format_distance(left)}"
    return _check("Notice", words, first.get_absolute_url(), "amber" if left <= NOTICE_WITHIN else "")


def _deviations(account: Account, counts: Sequence[int]) -> Check:
    waiting, granted, *_ = counts
    words = (
        f"{waiting} waiting, {granted} granted and in no contract yet" if waiting or granted else "none open"
    )
    url = f"{reverse('finance:deviations')}?account={account.pk}"
    return _check("Deviations", words, url, "amber" if waiting else "")
