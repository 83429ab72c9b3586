"""What a contract says at one time, as versions keep it, and what differs between two such statements.

A statement is a mapping of the terms by the names of their fields (days as ISO 8601 text), ``is_deleted``,
``lines``: a list of mappings with ``line``, the key of the line, and its fields, numbers as exact text; and, where
there are any, ``clauses``: a list of mappings with ``family``, ``text`` (of the library) or ``wording``, and ``terms``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from common.formatting import NO_MINOR_UNIT, format_date, format_money, format_number
from finance.clauses.words import ClauseWords, Piece, shortened, wording_diff
from finance.models.contracts import BillingPeriod
from people.access import Redacted
from people.models import Category

Statement = Mapping[str, Any]
NOTHING = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is otherwise; ``on`` is the day from which, where the statement itself says so.

    ``category`` guards what both sides say, where it is more than the contract itself. ``pieces`` tell what became of
    a wording, word by word.
    """

    subject: str
    what: str
    before: str | Redacted
    after: str | Redacted
    on: date | None = None
    category: str = ""
    pieces: Sequence[Piece] = ()

    @property
    def aspect(self) -> str:
        """What is otherwise, as it stands within a sentence."""
        return self.what[:1].lower() + self.what[1:]


def differences(
    before: Statement, after: Statement, *, has_prices: bool = True, words: ClauseWords | None = None
) -> list[Difference]:
    """Return what ``after`` says otherwise: the terms in their order, the lines, the earliest first, then the clauses.

    Without prices lines are told by what is bought alone, and what only prices say keeps its category. ``words`` is
    for whoever compares many: where clauses differ, it asks once for all what their families are called.
    """
    currencies = (before["currency"], after["currency"])
    found = [
        Difference(subject="Terms", what=label, before=read(before[name]), after=read(after[name]))
        for name, (label, read) in TERMS.items()
        if before[name] != after[name]
    ]
    lines = _line_differences(before["lines"], after["lines"], currencies, has_prices)
    said = _clause_differences(before.get("clauses", ()), after.get("clauses", ()), words or ClauseWords())
    return [*found, *lines, *said]


def sentence(difference: Difference) -> str:
    """Return a difference on one line, long wordings cut short; what is guarded must have been redacted before."""
    before, after = (shortened(str(side)) for side in (difference.before, difference.after))
    return f"{difference.subject}, {difference.aspect}: {before} → {after}"


def effective_on(before: Statement, after: Statement, told_on: date) -> date:
    """Return the first day on which something is otherwise.

    A line counts from when it begins, ends or would have ended; one whose price was changed in place, from its first
    day, for that is what it now says. Terms say nothing of a day: they count from ``told_on``.
    """
    days = [each.on for each in differences(before, after) if each.on is not None]
    return min(days, default=told_on)


def words_of_line(line: Statement, currency: str, *, has_price: bool = True) -> str:
    """Return what is bought, such as ``100 × Core, €1,200.00 a year, 10% off, from 1 Mar 2026 on``."""
    parts = [f"{_amount(line['quantity'])} × {line['product']}"]
    if has_price:
        parts.append(words_of_price(line, currency))
    if line["is_trial"]:
        parts.append("trial")
    return ", ".join([*parts, _span(line)])


def _line_differences(
    before: Sequence[Statement], after: Sequence[Statement], currencies: tuple[str, str], has_prices: bool
) -> Iterator[Difference]:
    old, new = ({line["line"]: line for line in lines} for lines in (before, after))
    follow = _followed(old, new)
    followers = {line["line"] for line in follow.values()}
    keys = sorted({**old, **new}, key=lambda key: ((new.get(key) or old[key])["start_on"], key))
    for key in keys:
        was, now = old.get(key), new.get(key)
        if key in followers:
            continue
        if key in follow and was is not None:
            yield from _changed(
                was, follow[key], currencies, since=date.fromisoformat(follow[key]["start_on"])
            )
        elif was is None and now is not None:
            yield _whole("Added", "", words_of_line(now, currencies[1], has_price=has_prices), now)
        elif now is None and was is not None:
            yield _whole("Removed", words_of_line(was, currencies[0], has_price=has_prices), "", was)
        elif was is not None and now is not None and was != now:
            yield from _changed(was, now, currencies)


def _followed(old: Mapping[int, Statement], new: Mapping[int, Statement]) -> dict[int, Statement]:
    """Return the new line that takes the place of one which ends that day, by the key of the one that ends.

    They are told as one line that changes: that is how an amendment, and many a source, writes it.
    """
    free = [line for key, line in sorted(new.items()) if key not in old]
    found: dict[int, Statement] = {}
    for key, was in sorted(old.items()):
        now = new.get(key)
        if now is None or dict(now) | {"end_on": None} != dict(was) | {"end_on": None} or not now["end_on"]:
            continue
        if was["end_on"] == now["end_on"]:
            continue
        for line in free:
            is_next = line["start_on"] == now["end_on"] and line["product"] == was["product"]
            if is_next and any(
                line[name] != was[name] for name in LINE if name not in ("start_on", "end_on")
            ):
                found[key] = line
                free.remove(line)
                break
    return found


def _clause_differences(
    before: Sequence[Statement], after: Sequence[Statement], words: ClauseWords
) -> Iterator[Difference]:
    for label, what, was, now in words.differences(before, after):
        pieces = wording_diff(was, now) if what == "Wording" else ()
        yield Difference(subject=label, what=what, before=was, after=now, pieces=pieces)


def _whole(what: str, before: str, after: str, line: Statement) -> Difference:
    return Difference(
        subject=line["product"],
        what=what,
        before=before or NOTHING,
        after=after or NOTHING,
        on=date.fromisoformat(line["start_on"]),
    )


def _changed(
    was: Statement, now: Statement, currencies: tuple[str, str], *, since: date | None = None
) -> Iterator[Difference]:
    """Yield what a line says otherwise; ``since`` is the day on which ``now`` takes its place, where it does."""
    began = since or date.fromisoformat(min(was["start_on"], now["start_on"]))
    for name, said in LINE.items():
        if was[name] == now[name] or (since is not None and name == "start_on"):
            continue
        on = began
        if name == "end_on" and since is None:
            on = date.fromisoformat(min(day for day in (was[name], now[name]) if day))
        yield Difference(
            subject=now["product"],
            what=f"{said.label} from {format_date(since)}" if since else said.label,
            before=said.read(was[name], currencies[0]),
            after=said.read(now[name], currencies[1]),
            on=on,
            category=said.category,
        )


def words_of_price(line: Statement, currency: str) -> str:
    """Return what a line costs, such as ``€1,200.00 a year, 10% off``."""
    money = _money(line["amount"], currency)
    off = Decimal(line["discount_percent"])
    told = f"{money} {PERIOD_WORDS[line['billing_period']]}"
    return f"{told}, {_amount(line['discount_percent'])}% off" if off else told


def _span(line: Statement) -> str:
    start = format_date(date.fromisoformat(line["start_on"]))
    if not line["end_on"]:
        return f"from {start} on"
    return f"from {start} until before {format_date(date.fromisoformat(line['end_on']))}"


PERIOD_WORDS = {
    BillingPeriod.DAY: "a day",
    BillingPeriod.WEEK: "a week",
    BillingPeriod.MONTH: "a month",
    BillingPeriod.QUARTER: "a quarter",
    BillingPeriod.HALF_YEAR: "a half-year",
    BillingPeriod.YEAR: "a year",
    BillingPeriod.ONE_OFF: "once",
    BillingPeriod.USAGE: "by usage",
}


def plain_number(value: Any) -> str:
    """Return a number as statements write it: exact, without zeros at the end, such as ``1200`` or ``0.5``."""
    return format(Decimal(str(value)).normalize() + 0, "f")


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])  # zeros at the end aren't kept


def _amount(text: str) -> str:
    return format_number(text, decimals=_decimals(text))


def _money(text: str, currency: str) -> str:
    least = 0 if currency in NO_MINOR_UNIT else 2
    return format_money(text, currency, decimals=max(_decimals(text), least))


def _text(value: Any) -> str:
    return str(value) if value else NOTHING


def _day(value: str | None) -> str:
    return format_date(date.fromisoformat(value)) if value else "open-ended"


def _days(value: int | None) -> str:
    return NOTHING if value is None else f"{value} {'day' if value == 1 else 'days'}"


def _months(value: int | None) -> str:
    return "not said" if value is None else f"{value} {'month' if value == 1 else 'months'}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


@dataclass(frozen=True, slots=True)
class _Said:
    """What a field of a line is called, how its value reads (given the currency), and what guards it."""

    label: str
    words: Callable[[Any], str] | None = None
    category: str = ""

    def read(self, value: Any, currency: str) -> str:
        return _money(value, currency) if self.words is None else self.words(value)


# What each term is called, and how its value reads.
TERMS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "number": ("Number", _text),
    "start_on": ("Begins", _day),
    "end_on": ("First day after the term", _day),
    "notice_days": ("Notice period", _days),
    "auto_renew": ("Renews by itself", _yes),
    "renewal_months": ("Renews for", _months),
    "currency": ("Currency", _text),
    "payment_terms_days": ("Days to pay", _days),
    "is_deleted": ("Deleted at the source", _yes),
}

LINE: dict[str, _Said] = {
    "product": _Said("Product", _text),
    "start_on": _Said("Begins", _day),
    "end_on": _Said("First day after", _day),
    "quantity": _Said("Quantity", _amount),
    "amount": _Said("Amount", category=Category.REVENUE),
    "billing_period": _Said("Paid", lambda value: PERIOD_WORDS[value]),
    "discount_percent": _Said("Discount", lambda value: f"{_amount(value)}%", Category.REVENUE),
    "is_trial": _Said("Trial", _yes),
}
