"""An account's headline figures, today's from its standing and past ones from the stored history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString

from accounts.lenses.cells import CellRenderer
from accounts.lenses.memo import read_once
from accounts.lenses.registry import Column, columns, histories
from accounts.models import Account, Standing
from people.access import Access, Redacted
from sync.freshness.marks import provisional_numbers

FIELDS = tuple(field.attname for field in Standing._meta.concrete_fields if field.attname != "account_id")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One headline value: ``value`` for machines, ``cell`` and ``note`` as markup, ``url`` of its explanation.

    ``provisional`` says which of its sources was stale when it was made.
    """

    column: Column
    value: Any
    cell: SafeString
    note: str
    url: str
    provisional: str = ""

    @property
    def is_redacted(self) -> bool:
        """Whether the reader may not see it."""
        return isinstance(self.value, Redacted)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The values of Standing's fields on ``day``; None where no refresh has run yet."""

    values: Mapping[str, Any]
    day: date | None

    def get(self, name: str) -> Any:
        """Return a field's value, None where it is unknown."""
        return self.values.get(name)


def figures_of(account: Account, as_of: date | None) -> Figures:
    """Return the newest figures (no query when ``standing`` was joined), or those of the newest day by ``as_of``."""
    if as_of is None:
        standing = _standing(account)
        if standing is None:
            return Figures(values={"tier_id": account.tier_id}, day=None)
        values = {name: getattr(standing, name) for name in FIELDS}
        return Figures(values=values, day=standing.as_of)
    return read_once(account, ("accounts.figures", as_of), lambda: _past_figures(account, as_of))


def _past_figures(account: Account, as_of: date) -> Figures:
    merged: dict[str, Any] = {}
    for history in histories:
        merged |= history.query(account, as_of)
    return Figures(values=merged, day=merged.get("as_of"))


def headline(
    account: Account, figures: Figures, access: Access, as_of: date | None, today: date
) -> list[Figure]:
    """Return the header's figures in their order, each readable, redacted or absent."""
    shown = sorted((column for column in columns if column.headline), key=lambda column: column.headline)
    doubts = provisional_numbers(figures.day)
    return [_figure(column, account, figures, access, as_of, today, doubts) for column in shown]


def _figure(
    column: Column,
    account: Account,
    figures: Figures,
    access: Access,
    as_of: date | None,
    today: date,
    doubts: Mapping[str, str],
) -> Figure:
    held = [figures.get(path.removeprefix("standing__")) for path in (column.field, *column.extra)]
    value = access.redact(held[0], column.category, column.level)
    if isinstance(value, Redacted):
        return Figure(column=column, value=value, cell=SafeString(""), note="", url="")
    has_value = value is not None
    return Figure(
        column=column,
        value=value,
        cell=CellRenderer(column)(held),
        note=column.note(figures.values, today) if column.note and has_value else "",
        url=explain_url(column.explain, account.pk, as_of) if has_value else "",
        provisional=doubts.get(column.explain, "") if has_value else "",
    )


def explain_url(key: str, account_id: int | None, as_of: date | None = None) -> str:
    """Return the page that explains a metric, for one account or at large; empty where there is no metric."""
    if not key:
        return ""
    try:
        url = reverse("metrics:explain", args=[key])
    except NoReverseMatch:
        return ""
    params: dict[str, Any] = {} if account_id is None else {"account": account_id}
    if as_of is not None:
        params["as_of"] = as_of.isoformat()
    return f"{url}?{urlencode(params)}" if params else url


def _standing(account: Account) -> Standing | None:
    try:
        return account.standing
    except ObjectDoesNotExist:
        return None


def reporting_currency() -> str:
    """Return the currency that figures over accounts are in."""
    return str(settings.REPORTING_CURRENCY)
