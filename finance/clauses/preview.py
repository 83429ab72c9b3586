"""Whom the publication of a draft concerns: tiers that gain or lose a text, and what is judged otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, F, Func, JSONField, QuerySet, Value

from accounts.models import Account, Tier
from common.export import Table, table_of
from finance.clauses.guardrail import Finding, assess_by
from finance.clauses.library import Clause, Standard
from finance.clauses.register import Row, shown
from finance.models import Contract, ContractVersion, Deviation
from metrics.engine.plan import today

# As many as a page lists; files hold all.
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
class Agreed:
    """A running contract whose clause the draft judges otherwise; the contract keeps its clause."""

    contract: Contract
    before: Finding
    after: Finding


@dataclass(frozen=True, slots=True)
class Preview:
    """What publishing would change; what was granted or agreed stays so whatever it says.

    ``open`` and ``running`` count the deviations and the contracts' clauses that were judged.
    """

    shifts: list[Shift]
    judged: list[Judged]
    open: int
    agreed: list[Agreed]
    running: int

    @property
    def judged_shown(self) -> Sequence[Judged]:
        """As many deviations as a page lists."""
        return self.judged[:MOST]

    @property
    def agreed_shown(self) -> Sequence[Agreed]:
        """As many contracts as a page lists."""
        return self.agreed[:MOST]


class SaidClause(Func):
    """The clause of one family in a statement, null where it says nothing of it."""

    function = "jsonb_path_query_first"
    template = "%(function)s(%(expressions)s)"
    output_field = JSONField()

    def __init__(self, statement: Any, family: str) -> None:
        path = Value("$.clauses[*] ? (@.family == $family)")
        super().__init__(
            statement,
            Func(path, template="%(expressions)s::jsonpath"),
            Value({"family": family}, JSONField()),
        )


Judge = Callable[[str | None, Clause], tuple[Finding, Finding]]


def preview_of(before: Standard | None, draft: Standard, tiers: Mapping[str, str]) -> Preview:
    """Return whom a draft concerns; a handful of queries, whatever the number of accounts and contracts."""
    judge = _judge(before, draft)
    judged, open_ = _deviations(draft.family, judge)
    agreed, running = _contracts(draft.family, judge)
    return Preview(_shifts(before, draft, tiers), judged, open_, agreed, running)


def judged_table(preview: Preview) -> Table:
    """Return the open deviations that would be judged otherwise, as a file."""
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


def agreed_table(preview: Preview) -> Table:
    """Return the contracts whose clause would be judged otherwise, as a file."""
    return table_of(
        "clause-preview-contracts",
        preview.agreed,
        (
            ("account_id", "Account id", lambda each: each.contract.account_id),
            ("account", "Account", lambda each: each.contract.account.name),
            ("contract", "Contract", lambda each: str(each.contract)),
            ("now", "Now", lambda each: each.before.sentence),
            ("then", "Then", lambda each: each.after.sentence),
        ),
    )


def _judge(before: Standard | None, draft: Standard) -> Judge:
    """Return what judges a clause for a tier by both versions; the same clause of the same tier once."""
    by_slug = {tier.slug: tier for tier in Tier.objects.all()}
    libraries = [{standard.family: standard} if standard else {} for standard in (before, draft)]
    known: dict[tuple[str | None, str], tuple[Finding, Finding]] = {}

    def judge(slug: str | None, clause: Clause) -> tuple[Finding, Finding]:
        key = (slug, json.dumps(clause, sort_keys=True))
        if key not in known:
            tier = by_slug.get(slug or "")
            was, now = (assess_by(library, tier, [clause])[0] for library in libraries)
            known[key] = (was, now)
        return known[key]

    return judge


def _deviations(family: str, judge: Judge) -> tuple[list[Judged], int]:
    held = Deviation.objects.live().filter(family__key=family, account__deleted_at=None)
    judged, count = [], 0
    for row in map(Row, shown(held).order_by("-asked_at", "-pk").iterator()):
        count += 1
        asked = row.deviation
        clause = {"family": family, "text": None, "wording": asked.wording, "terms": asked.terms}
        was, now = judge(asked.tier, clause)
        if was.kind != now.kind:
            judged.append(Judged(row, was, now))
    return judged, count


def _contracts(family: str, judge: Judge) -> tuple[list[Agreed], int]:
    """Judge what running contracts say, clauses that read the same for accounts of one tier together."""
    running: QuerySet[Any, Any] = Contract.objects.running_on(today()).filter(account__deleted_at=None)
    told = ContractVersion.objects.published().filter(contract__in=running)
    saying: QuerySet[Any, Any] = told.annotate(clause=SaidClause(F("statement"), family))
    groups = (
        saying.exclude(clause=None)
        .order_by()
        .values_list("clause", "contract__account__standing__tier__slug")
        .annotate(contracts=ArrayAgg("contract_id"))
    )
    count = 0
    found: dict[int, tuple[Finding, Finding]] = {}
    for clause, slug, contracts in groups:
        count += len(contracts)
        both = judge(slug, clause)
        if both[0].kind != both[1].kind:
            found |= dict.fromkeys(contracts, both)
    listed: Iterable[Contract] = Contract.objects.filter(pk__in=found).select_related("account")
    return [
        Agreed(contract, *found[contract.pk])
        for contract in sorted(listed, key=lambda each: (each.account.name, each.pk))
    ], count


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
