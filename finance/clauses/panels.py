"""What an account was given beside preferred clauses, what its contracts say, and what waits for a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.lenses import Panel, register_panel
from accounts.lenses.memo import read_once
from accounts.models import Account
from common.charts import Chart, Series, Tone
from common.export import Table, table_of
from common.periods import end_of
from finance.clauses.guardrail import assess_by
from finance.clauses.library import read_library
from finance.clauses.querysets import DEVIATION
from finance.clauses.register import Row, shown, terms_in_words
from finance.models import Contract, ContractVersion, Deviation
from people.approvals.models import ApprovalRequest, ApprovalStep
from people.approvals.registry import approval_kinds
from people.models import Category
from tiers.entitlements.panel import values_on
from tiers.entitlements.resolution import tiers_of

MOST = 12
OUTCOMES: dict[str, Tone] = {
    "At once": "accent",
    "By approval": "green",
    "Waiting": "amber",
    "Refused or ended": "muted",
}


def _outcome(state: str, *, by_rule: bool) -> str:
    if state == Deviation.State.WAITING:
        return "Waiting"
    if state not in (Deviation.State.GRANTED, Deviation.State.IN_CONTRACT):
        return "Refused or ended"
    return "At once" if by_rule else "By approval"


def _count(counts: Mapping[str, Counter[str]], name: str) -> int:
    return sum(each[name] for each in counts.values())


@register_panel
class Deviations(Panel):
    """Which other clauses than the preferred ones the account was given, asks for, or was refused."""

    key = "finance.deviations"
    title = "Deviations from the standard"
    template = "finance/panels/deviations.html"
    category = Category.CONTRACTS
    span = 12
    is_flush = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        found = shown(Deviation.objects.filter(account=account, asked_at__lt=end_of(as_of)))
        rows = [Row(each) for each in found.order_by("-asked_at", "-pk")[: MOST + 1]]
        return {
            "rows": rows_of(rows[:MOST]),
            "has_more": len(rows) > MOST,
            "url": f"{reverse('finance:deviations')}?show=all&account={account.pk}",
            "ask_url": f"{reverse('finance:deviation_new')}?account={account.pk}",
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the deviations shown."""
        return rows_table(data["rows"])


@register_panel
class DeviationsByClause(Panel):
    """How often the account asked for another clause, and what became of it, family by family."""

    key = "finance.deviations_by_clause"
    title = "Deviations by clause"
    template = "accounts/panels/chart.html"
    category = Category.CONTRACTS
    span = 6

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        asked = Deviation.objects.filter(account=account, asked_at__lt=end_of(as_of)).order_by()
        rows = asked.values_list("family__label", "state", "by_rule").annotate(count=Count("pk"))
        counts: dict[str, Counter[str]] = {}
        for family, state, by_rule, count in rows:
            counts.setdefault(family, Counter())[_outcome(state, by_rule=by_rule)] += count
        families = sorted(counts, key=lambda family: (-counts[family].total(), family))
        total, open_ = (sum(each.total() for each in counts.values()), _count(counts, "Waiting"))
        waiting = f", {open_} of them still to be decided" if open_ else ""
        title = f"{total} {'deviation' if total == 1 else 'deviations'} asked for{waiting}"
        return {
            "chart": Chart(
                key=self.key,
                kind="stacked",
                title=title if total else "No deviation asked for",
                categories=families,
                series=[
                    Series(
                        name=name, values=[Decimal(counts[family][name]) for family in families], tone=tone
                    )
                    for name, tone in OUTCOMES.items()
                    if _count(counts, name)
                ],
                unit="deviations",
                category_label="Clause",
                empty="Clauses that the account asks for show here with what became of them.",
            )
        }


@register_panel
class Clauses(Panel):
    """What the running contracts say in each clause, and how far that is from what we prefer."""

    key = "finance.clauses"
    title = "Clauses of running contracts"
    template = "finance/panels/clauses.html"
    category = Category.CONTRACTS
    span = 12
    is_flush = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        return {"rows": clauses_of(account, as_of)}

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the clauses shown."""
        if not data["rows"]:
            return None
        return table_of(
            "contract-clauses",
            data["rows"],
            [
                ("contract", "Contract", lambda row: row["contract"]),
                ("clause", "Clause", lambda row: row["clause"]),
                ("text", "Text", lambda row: row["text"]),
                ("terms", "Terms", lambda row: row["terms"]),
                ("guardrail", "Guardrail", lambda row: row["sentence"]),
            ],
        )


@register_panel
class OpenApprovals(Panel):
    """What about the account waits for somebody's word, with whose turn it is and until when."""

    key = "finance.approvals"
    title = "Approvals with a clock"
    template = "finance/panels/approvals.html"
    category = Category.CONTRACTS
    span = 6
    is_flush = True

    def load(self, account: Account, as_of: date) -> dict[str, Any]:
        kinds = [kind.key for kind in approval_kinds if kind.category == Category.CONTRACTS]
        live = ApprovalRequest.objects.live().filter(account_id=account.pk, kind__in=kinds)
        found = live.filter(requested_at__lt=end_of(as_of)).order_by("due_at", "pk")
        return {"rows": requests_of(list(found.prefetch_related("steps")[:MOST]))}

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the requests shown."""
        return requests_table(data["rows"])


def clauses_of(account: Account, as_of: date) -> list[dict[str, Any]]:
    """Return what the contracts of an account that run on a day say in each clause, with what the guardrail says.

    Read once a page, for all panels that tell of it.
    """
    return read_once(account, ("finance.clauses", as_of), lambda: _clauses_of(account, as_of))


def _clauses_of(account: Account, as_of: date) -> list[dict[str, Any]]:
    running: QuerySet[Any, Any] = Contract.objects.running_on(as_of).filter(account=account)
    versions = (
        ContractVersion.objects.recorded()
        .filter(contract__in=running, starts_on__lte=as_of)
        .select_related("contract")
    )
    newest = {version.contract_id: version for version in reversed(list(versions))}
    said = {pk: held.statement["clauses"] for pk, held in newest.items() if held.statement.get("clauses")}
    if not said:
        return []
    library = read_library()
    tier = tiers_of([account], values_on(account, as_of), as_of)[account.pk]
    rows = []
    for pk, clauses in sorted(said.items()):
        version = newest[pk]
        for clause, finding in zip(clauses, assess_by(library, tier, clauses), strict=True):
            standard = library.get(clause["family"])
            rows.append(
                {
                    "contract": str(version.contract),
                    "url": version.contract.get_absolute_url(),
                    "clause": finding.label,
                    "text": finding.text.label if finding.text else "Own wording",
                    "terms": terms_in_words(standard.shape.key, clause["terms"]) if standard else "",
                    "kind": finding.kind,
                    "sentence": finding.sentence,
                }
            )
    return rows


def rows_of(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return deviations as plain values, for cards and the API alike."""
    return [
        {
            "account": row.deviation.account.name,
            "account_url": f"{row.deviation.account.get_absolute_url()}?lens=legal",
            "clause": row.deviation.family.label,
            "text": row.asked,
            "terms": row.terms,
            "state": row.state,
            "tone": row.tone,
            "waits_for": row.waits_for,
            "by_rule": row.deviation.by_rule,
            "guardrail": row.deviation.sentence,
            "asked_by": str(row.deviation.asked_by),
            "asked_on": row.deviation.asked_at.date(),
            "asked_at": row.deviation.asked_at,
            "contract": str(row.deviation.contract or ""),
            "due_at": row.deviation.due_at,
            "is_late": row.is_late,
            "url": reverse("finance:deviation", args=[row.deviation.pk]),
        }
        for row in rows
    ]


def rows_table(rows: Sequence[Mapping[str, Any]]) -> Table | None:
    """Return deviations that a card shows, as a file."""
    if not rows:
        return None
    return table_of(
        "deviations",
        rows,
        [
            ("account", "Account", lambda row: row["account"]),
            ("clause", "Clause", lambda row: row["clause"]),
            ("text", "Text", lambda row: row["text"]),
            ("terms", "Terms", lambda row: row["terms"]),
            ("state", "State", lambda row: row["state"]),
            ("waits_for", "Waits for", lambda row: row["waits_for"]),
            ("by_rule", "Granted at once", lambda row: row["by_rule"]),
            ("guardrail", "Guardrail", lambda row: row["guardrail"]),
            ("contract", "Contract", lambda row: row["contract"]),
            ("asked_by", "Asked by", lambda row: row["asked_by"]),
            ("asked_on", "Asked", lambda row: row["asked_on"]),
            ("due_at", "Decide by", lambda row: row["due_at"]),
        ],
    )


def requests_of(requests: Sequence[ApprovalRequest]) -> list[dict[str, Any]]:
    """Return requests as plain values: what is asked, whose turn it is, and until when; their steps are at hand.

    ``url`` is where it is decided, ``subject_url`` what it is about, for readers who don't decide it.
    """
    rows = []
    for request in requests:
        kind = approval_kinds.get(request.kind)
        turn = next((step for step in request.steps.all() if step.state == ApprovalStep.State.WAITING), None)
        rows.append(
            {
                "title": request.title,
                "kind": kind.label if kind else request.kind,
                "url": request.get_absolute_url(),
                "subject_url": request.url if request.kind == DEVIATION else request.get_absolute_url(),
                "waits_for": turn.get_function_display() if turn and turn.function else "Who asked",
                "due_at": request.due_at,
                "is_late": request.due_at is not None and request.due_at < timezone.now(),
                "asked_on": request.requested_at.date(),
            }
        )
    return rows


def requests_table(rows: Sequence[Mapping[str, Any]]) -> Table | None:
    """Return requests that a card shows, as a file."""
    if not rows:
        return None
    return table_of(
        "approvals",
        rows,
        [
            ("title", "Request", lambda row: row["title"]),
            ("kind", "Kind", lambda row: row["kind"]),
            ("waits_for", "Waits for", lambda row: row["waits_for"]),
            ("due_at", "Due", lambda row: row["due_at"]),
            ("asked_on", "Asked", lambda row: row["asked_on"]),
        ],
    )
