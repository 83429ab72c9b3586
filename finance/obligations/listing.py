"""Obligations as a list: what the address asks for, the rows of a page, and the same as a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.http import QueryDict

from common.export import Table, table_of
from common.params import read_choice, read_text
from finance.models import Contract, ContractObligation
from people.models import User

SHOWS = {"due": "Due", "mine": "Mine", "done": "Met", "all": "All"}
WITHIN = (30, 90, 365)
PARTIES = dict(ContractObligation.Party.choices)
ORDERS: dict[str, tuple[str, ...]] = {
    "due": ("due_on", "pk"),
    "-due": ("-due_on", "-pk"),
    "done": ("done_at", "pk"),
    "-done": ("-done_at", "-pk"),
}
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Search:
    """What the list is asked for; anything unknown in the address falls back to the default."""

    show: str
    text: str
    party: str
    within: int
    sort: str

    @classmethod
    def from_params(cls, params: QueryDict) -> Search:
        """Read the address."""
        show = read_choice(params, "show", SHOWS, "due")
        orders = [key for key in ORDERS if "done" not in key or show == "done"]
        return cls(
            show=show,
            text=read_text(params),
            party=read_choice(params, "party", PARTIES),
            within=int(read_choice(params, "within", [str(days) for days in WITHIN], "0")),
            sort=read_choice(params, "sort", orders, "-done" if show == "done" else "due"),
        )

    @property
    def order(self) -> tuple[str, ...]:
        """The fields for ``common.pagination.read_page``."""
        return ORDERS[self.sort]

    @property
    def is_narrowed(self) -> bool:
        """Whether something may be missing because of what was asked."""
        return bool(self.text or self.party or self.within)

    def find(self, user: User, day: date) -> QuerySet[Any, Any]:
        """Return the obligations asked for, unordered."""
        held: QuerySet[Any, Any] = ContractObligation.objects.kept().with_lapse(day)
        if self.show in ("due", "mine"):
            held = held.filter(done_at=None, has_lapsed=False)
        if self.show == "mine":
            held = held.filter(owner=user)
        if self.show == "done":
            held = held.filter(done_at__isnull=False)
        if self.party:
            held = held.filter(party=self.party)
        if self.within:
            held = held.filter(due_on__lte=day + timedelta(days=self.within))
        if self.text:
            held = held.filter(
                Q(title__icontains=self.text)
                | Q(contract__number__icontains=self.text)
                | Q(contract__account__name__icontains=self.text)
            )
        return held.select_related("contract__account", "owner", "done_by")


def obligations_of(contract: Contract, day: date) -> list[Any]:
    """Return the obligations of a contract: those still due, those met, the newest first, then what is due no more.

    One query; each with ``has_lapsed``.
    """
    held: QuerySet[Any, Any] = ContractObligation.objects.filter(contract=contract).with_lapse(day)
    held = held.select_related("contract__account", "owner", "done_by")
    rows = list(held.order_by(F("done_at").desc(nulls_first=True), "due_on", "pk")[:SHOWN])
    return sorted(rows, key=_place)


def state_of(row: Any) -> str:
    """Return how far an obligation has come, in a word."""
    if row.done_at is not None:
        return "met"
    if row.dropped_at is not None:
        return "void"
    return "lapsed" if row.has_lapsed else "due"


def obligations_table(rows: Any) -> Table:
    """Return obligations as a file."""
    return table_of(
        "obligations",
        rows,
        (
            ("account_id", "Account id", lambda each: each.contract.account_id),
            ("account", "Account", lambda each: each.contract.account.name),
            ("contract", "Contract", lambda each: str(each.contract)),
            ("obligation_id", "Obligation id", lambda each: each.pk),
            ("title", "What", lambda each: each.title),
            ("party", "By whom", lambda each: each.get_party_display()),
            ("due_on", "Due", lambda each: each.due_on),
            ("state", "State", state_of),
            ("months", "Comes again", lambda each: each.get_months_display()),
            ("owner", "Who sees to it", lambda each: str(each.owner) if each.owner else "Legal"),
            ("done_at", "Met", lambda each: each.done_at),
            ("done_by", "By", lambda each: str(each.done_by) if each.done_by else None),
            ("evidence", "What shows it", lambda each: each.evidence),
            ("note", "Note", lambda each: each.note),
        ),
    )


def _place(row: Any) -> int:
    return ("due", "met", "lapsed", "void").index(state_of(row))
