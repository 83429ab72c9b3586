"""The register of deviations: what the address asks for, the rows of a page, and the same as a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils import timezone

from accounts.models import Account
from common.export import Table, table_of
from common.params import LONGEST_TEXT, read_choice, read_key, read_text
from finance.clauses.terms import SHAPES
from finance.models import ClauseFamily, Deviation
from people.functions import Function

SHOWS: dict[str, tuple[str, tuple[str, ...]]] = {
    "open": ("Open", ("waiting", "granted")),
    "waiting": ("Waiting for a decision", ("waiting",)),
    "granted": ("Granted, not in a contract yet", ("granted",)),
    "in_contract": ("In contracts", ("in_contract",)),
    "all": ("All", tuple(Deviation.State.values)),
}
KINDS = {"at_once": "Granted at once", "asked": "Went to approval"}
ORDERS: dict[str, tuple[str, ...]] = {
    "asked": ("asked_at", "pk"),
    "-asked": ("-asked_at", "-pk"),
    "due": ("due_order", "pk"),
    "-due": ("-due_order", "-pk"),
    "account": ("account__name", "pk"),
    "-account": ("-account__name", "-pk"),
}
FAR = datetime(9999, 1, 1, tzinfo=UTC)
TONES = {
    "granted": "green",
    "in_contract": "green",
    "waiting": "accent",
    "returned": "amber",
    "rejected": "red",
}
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Search:
    """What the register is asked for; anything unknown in the address falls back to the default."""

    show: str
    family: str
    kind: str
    tier: str
    text: str
    account: int
    is_late: bool
    sort: str

    @classmethod
    def from_params(cls, params: QueryDict) -> Search:
        """Read the address."""
        show = read_choice(params, "show", SHOWS, "open")
        return cls(
            show=show,
            family=read_text(params, "family", longest=40),
            kind=read_choice(params, "kind", KINDS),
            tier=read_text(params, "tier", longest=32),
            text=read_text(params),
            account=read_key(params.get("account", "")),
            is_late=params.get("late") == "1",
            sort=read_choice(params, "sort", ORDERS, "due" if show == "waiting" else "-asked"),
        )

    @property
    def order(self) -> tuple[str, ...]:
        """The fields for ``common.pagination.read_page``."""
        return ORDERS[self.sort]

    @property
    def is_narrowed(self) -> bool:
        """Whether something may be missing because of what was asked."""
        return bool(self.family or self.kind or self.tier or self.text or self.is_late or self.account)

    def find(self) -> QuerySet[Any, Any]:
        """Return the deviations asked for, unordered, with what their rows show."""
        found = shown(Deviation.objects.filter(account__deleted_at=None, state__in=SHOWS[self.show][1]))
        if self.account:
            found = found.filter(account_id=self.account)
        if self.family:
            found = found.filter(family__key=self.family)
        if self.tier:
            found = found.filter(tier=self.tier)
        if self.kind:
            found = found.filter(by_rule=self.kind == "at_once")
        if self.is_late:
            found = found.filter(due_at__lt=timezone.now())
        for word in self.text.split():
            found = found.filter(
                Q(account__name__icontains=word)
                | Q(reason__icontains=word)
                | Q(asked_by__name__icontains=word)
                | Q(contract__number__icontains=word)
            )
        ordered: QuerySet[Any, Any] = found.annotate(due_order=Coalesce("due_at", Value(FAR)))
        return ordered


def shown(found: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """Return deviations with what a row of them shows."""
    related = found.select_related("account", "contract", "family", "text", "asked_by", "version")
    with_approval: QuerySet[Any, Any] = related.with_approval()  # type: ignore[attr-defined]
    return with_approval


@dataclass(frozen=True, slots=True)
class Row:
    """One deviation as listed."""

    deviation: Any

    @property
    def asked(self) -> str:
        """What was asked for: the text of the library, or that the wording is its own."""
        return self.deviation.text.label if self.deviation.text else "Own wording"

    @property
    def terms(self) -> str:
        """The terms in words."""
        return terms_in_words(self.deviation.family.shape, self.deviation.terms)

    @property
    def state(self) -> str:
        """The state in words; a returned one waits for who asked."""
        if self.deviation.standing == "returned":
            return "Returned"
        return str(self.deviation.get_state_display())

    @property
    def waits_for(self) -> str:
        """Who has to act next, in words; nothing where nobody decides anything."""
        if self.deviation.standing == "returned":
            return str(self.deviation.asked_by)
        return str(Function(self.deviation.turn).label) if self.deviation.turn in Function.values else ""

    @property
    def tone(self) -> str:
        """The colour of its state."""
        return TONES.get(self.deviation.standing, "neutral")

    @property
    def is_late(self) -> bool:
        """Whether somebody should have decided by now."""
        return self.deviation.due_at is not None and self.deviation.due_at < timezone.now()


def terms_in_words(shape: str, terms: Mapping[str, Any]) -> str:
    """Return terms such as ``Days to pay: 60 days; Further ways to pay: milestone``."""
    held = SHAPES.get(shape, SHAPES["wording"])
    return "; ".join(f"{label}: {value}" for label, value in held.words(terms))


def register_table(search: Search) -> Table:
    """Return what the register shows, all pages of it."""
    found = search.find().order_by(*search.order)
    return deviations_table(Row(deviation) for deviation in found.iterator(chunk_size=CHUNK))


def deviations_table(rows: Iterable[Row]) -> Table:
    """Return rows of the register as a file."""
    return table_of(
        "deviations",
        rows,
        (
            ("deviation_id", "Deviation", lambda row: row.deviation.pk),
            ("account_id", "Account id", lambda row: row.deviation.account_id),
            ("account", "Account", lambda row: row.deviation.account.name),
            ("tier", "Tier when asked", lambda row: row.deviation.tier),
            ("contract", "Contract", lambda row: str(row.deviation.contract or "")),
            ("clause", "Clause", lambda row: row.deviation.family.label),
            ("text", "Text", lambda row: row.asked),
            ("terms", "Terms", lambda row: row.terms),
            ("wording", "Wording", lambda row: row.deviation.wording),
            ("reason", "Why", lambda row: row.deviation.reason),
            ("guardrail", "Guardrail", lambda row: row.deviation.sentence),
            ("by_rule", "Granted at once", lambda row: row.deviation.by_rule),
            ("state", "State", lambda row: row.state),
            ("waits_for", "Waits for", lambda row: row.waits_for),
            ("asked_by", "Asked by", lambda row: str(row.deviation.asked_by)),
            ("asked_at", "Asked", lambda row: row.deviation.asked_at),
            ("due_at", "Decision due", lambda row: row.deviation.due_at),
            ("decided_at", "Ended or granted", lambda row: row.deviation.decided_at),
            ("expires_on", "Open until", lambda row: row.deviation.expires_on),
        ),
    )


def families_of_register() -> list[tuple[str, str]]:
    """Return the families by key, in the order of pages; one query."""
    return list(ClauseFamily.objects.values_list("key", "label"))


def account_named(text: str) -> list[Account]:
    """Return the accounts that a few letters may mean, ten at most."""
    text = text.replace("\x00", "").strip()[:LONGEST_TEXT]
    if not text:
        return []
    found = Account.objects.filter(deleted_at=None, name__icontains=text)
    return list(found.order_by("name", "pk")[:10])
