"""Whether the contracts of an account are in order: clauses, obligations, notice, deviations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, Q
from django.urls import reverse

from accounts.lenses import Panel, register_panel
from accounts.models import Account
from common.export import Table, table_of
from common.formatting import format_date, format_distance
from finance.clauses.panels import clauses_of
from finance.models import Contract, ContractObligation, Deviation
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

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        running = Contract.objects.running_on(as_of).filter(account=account).count()
        checks = [
            _clauses(account, as_of),
            _obligations(account, as_of),
            _notice(account, as_of),
            _deviations(account, as_of),
        ]
        return {"running": running, "checks": checks, "open": sum(check["needs_look"] for check in checks)}

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


def _obligations(account: Account, as_of: date) -> Check:
    """Say how many are late on a day, and how many of those due in the twelve months before it were met in time."""
    held: Any = ContractObligation.objects.holding(as_of).filter(
        contract__account=account, created_at__date__lte=as_of, due_on__lt=as_of
    )
    late = Q(done_at=None) | Q(done_at__date__gt=as_of)
    found = held.aggregate(
        late=Count("pk", filter=late),
        ours=Count("pk", filter=late & Q(party=ContractObligation.Party.OURS)),
        due=Count("pk", filter=Q(due_on__gte=as_of - YEAR)),
        in_time=Count("pk", filter=Q(due_on__gte=as_of - YEAR, done_at__date__lte=F("due_on"))),
    )
    told = [f"{found['late']} late, {found['ours']} of them ours"] if found["late"] else ["none late"]
    if found["due"]:
        told.append(f"{found['in_time']} of {found['due']} met in time over twelve months")
    return _check(
        "Obligations",
        "; ".join(told),
        f"{reverse('finance:obligations')}?{urlencode({'q': account.name})}",
        "red" * bool(found["late"]),
    )


def _notice(account: Account, as_of: date) -> Check:
    ahead: Any = Contract.objects.running_on(as_of).with_trial_on(as_of).with_next_end(as_of)
    contracts = ahead.filter(account=account, is_trial=False, notice_on__gte=as_of)
    first = contracts.order_by("notice_on", "pk").first()
    if first is None:
        return _check("Notice", "no day for notice ahead", reverse("finance:renewals"))
    left = (first.notice_on - as_of).days
    words = f"{first} by {format_date(first.notice_on)}, {format_distance(left)}"
    return _check("Notice", words, first.get_absolute_url(), "amber" if left <= NOTICE_WITHIN else "")


def _deviations(account: Account, as_of: date) -> Check:
    """Count those that waited on a day, and those granted by then that are in no contract yet."""
    asked = Deviation.objects.filter(account=account, asked_at__date__lte=as_of)
    waiting = asked.filter(Q(decided_at=None) | Q(decided_at__date__gt=as_of)).count()
    granted = asked.filter(state=Deviation.State.GRANTED, decided_at__date__lte=as_of).count()
    words = (
        f"{waiting} waiting, {granted} granted and in no contract yet" if waiting or granted else "none open"
    )
    url = f"{reverse('finance:deviations')}?account={account.pk}"
    return _check("Deviations", words, url, "amber" if waiting else "")
