"""Contracts as a list: what the address asks for, the rows of a page, and the same as a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, DateField, Exists, F, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce
from django.http import QueryDict

from common.export import Table, table_of
from common.params import read_choice, read_text
from common.rounding import to_cents
from finance.contracts.calendar import Calendar
from finance.models import Contract, ContractLine
from finance.querysets import ContractQuerySet
from people.access import Access
from people.models import Category

SHOWS = {"running": "Running", "ahead": "Not begun", "ended": "Ended", "all": "All"}
FAR = date(9999, 12, 31)
ORDERS: dict[str, tuple[str, ...]] = {
    "notice": ("notice_order", "pk"),
    "-notice": ("-notice_order", "-pk"),
    "end": ("end_order", "pk"),
    "-end": ("-end_order", "-pk"),
    "start": ("start_on", "pk"),
    "-start": ("-start_on", "-pk"),
}
WITHIN = (30, 90, 120, 365)
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Search:
    """What the list is asked for; anything unknown in the address falls back to the default."""

    show: str
    text: str
    within: int
    sort: str

    @classmethod
    def from_params(cls, params: QueryDict) -> Search:
        """Read the address."""
        show = read_choice(params, "show", SHOWS, "running")
        return cls(
            show=show,
            text=read_text(params),
            within=int(read_choice(params, "within", [str(days) for days in WITHIN], "0")),
            sort=read_choice(params, "sort", ORDERS, "notice" if show == "running" else "-start"),
        )

    @property
    def order(self) -> tuple[str, ...]:
        """The fields for ``common.pagination.read_page``."""
        return ORDERS[self.sort]

    @property
    def is_narrowed(self) -> bool:
        """Whether something may be missing because of what was asked."""
        return bool(self.text or self.within)

    def find(self, day: date) -> QuerySet[Any, Any]:
        """Return the contracts asked for with their account, term and notice date, unordered."""
        found: QuerySet[Any, Any] = _shown(self.show, day).filter(account__deleted_at=None)
        found = found.with_next_end(day).with_trial_on(day).select_related("account")  # type: ignore[attr-defined]
        if self.text:
            found = found.filter(Q(number__icontains=self.text) | Q(account__name__icontains=self.text))
        if self.within:
            found = found.filter(notice_on__range=(day, day + timedelta(days=self.within)), is_trial=False)
        last = Value(FAR, DateField())
        # What has passed comes last, with what has no notice period: nothing can be done about either.
        ahead = Case(When(notice_on__gte=day, then=F("notice_on")), default=last)
        ordered: QuerySet[Any, Any] = found.annotate(
            notice_order=ahead, end_order=Coalesce("next_end", "end_on", last)
        )
        return ordered


@dataclass(frozen=True, slots=True)
class Row:
    """One contract as listed; ``arr`` is in its own currency, or the mark of redaction."""

    contract: Any
    arr: Any
    notice_on: date | None
    act_by: date | None
    days: int | None

    @property
    def is_urgent(self) -> bool:
        """Whether notice is to be given within a month."""
        return self.days is not None and 0 <= self.days <= 30


def rows_of(contracts: Sequence[Any], day: date, access: Access) -> list[Row]:
    """Return contracts as rows; one query for their revenue."""
    arr = arr_of([contract.pk for contract in contracts], day)
    return [_row(contract, arr, day, access) for contract in contracts]


def contracts_table(search: Search, day: date, access: Access) -> Table:
    """Return what the list shows, all pages of it."""
    found = search.find(day).order_by(*search.order)
    return table_of(
        "contracts",
        _all_rows(found, day, access),
        (
            ("account_id", "Account id", lambda row: row.contract.account_id),
            ("account", "Account", lambda row: row.contract.account.name),
            ("contract_id", "Contract id", lambda row: row.contract.pk),
            ("number", "Contract", lambda row: row.contract.number),
            ("start_on", "Begins", lambda row: row.contract.start_on),
            ("term_ends_on", "First day after the term", lambda row: row.contract.next_end),
            ("notice_on", "Notice by", lambda row: row.notice_on),
            ("act_by", "Last working day for notice", lambda row: row.act_by),
            ("auto_renew", "Renews by itself", lambda row: row.contract.auto_renew),
            ("arr", "ARR", lambda row: row.arr),
            ("currency", "Currency", lambda row: row.contract.currency),
            ("payment_terms_days", "Days to pay", lambda row: row.contract.payment_terms_days),
            ("is_trial", "Trial", lambda row: row.contract.is_trial),
        ),
    )


def arr_of(contracts: Sequence[int], day: date) -> dict[int, Decimal]:
    """Return the ARR of each of these contracts on a day, in its own currency, to the cent; one query."""
    lines: Any = ContractLine.objects.recurring().running_on(day).filter(contract__in=contracts)
    summed = lines.with_revenue().order_by().values_list("contract_id").annotate(total=Sum("arr"))
    return {contract: to_cents(total) for contract, total in summed}


def _shown(show: str, day: date) -> ContractQuerySet:
    contracts = Contract.objects.live()
    if show == "running":
        return Contract.objects.running_on(day)
    if show == "ahead":
        return contracts.filter(start_on__gt=day)
    if show == "ended":
        running = Contract.objects.running_on(day).filter(pk=OuterRef("pk"))
        return contracts.filter(~Exists(running), start_on__lte=day)
    return contracts


def _all_rows(found: QuerySet[Any, Any], day: date, access: Access) -> Iterable[Row]:
    held: list[Any] = []
    for contract in found.iterator(chunk_size=CHUNK):
        held.append(contract)
        if len(held) == CHUNK:
            yield from rows_of(held, day, access)
            held = []
    yield from rows_of(held, day, access)


def _row(contract: Any, arr: dict[int, Decimal], day: date, access: Access) -> Row:
    notice: date | None = None if contract.is_trial else contract.notice_on
    return Row(
        contract=contract,
        arr=access.redact(arr.get(contract.pk), Category.REVENUE),
        notice_on=notice,
        act_by=Calendar(contract.account.country).last_working_day(notice) if notice else None,
        days=(notice - day).days if notice else None,
    )
