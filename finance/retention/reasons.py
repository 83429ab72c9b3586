"""Why two definitions count an account differently, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from common.periods import add_months, month_label
from finance.retention.definitions import Choice
from finance.revenue.charts import exact_money
from finance.revenue.movements import Movement

Told = tuple[Sequence[Movement], Sequence[Movement]]
UPWARD = ("new", "expansion", "reactivation")
DOWNWARD = ("contraction", "churn")
MOST_EVENTS = 4
VERBS = {
    "new": "began with {}",
    "expansion": "rose by {}",
    "reactivation": "came back with {}",
    "contraction": "fell by {}",
    "churn": "left with {}",
}


def tell_reason(first: Choice, second: Choice, rows: Told, path: Sequence[Movement], last: date) -> str:
    """Say why two definitions count an account differently.

    ``rows`` are its movements by either definition, ``path`` the months from the earliest start to the end.
    """
    told = [
        sentence
        for sentence in (
            _knowledge(first, second, rows),
            _definitions(first, second, path, last),
            _rates(first, second, rows),
            _reactivation(first, second, rows),
        )
        if sentence
    ]
    return " ".join(told) or (
        "Nothing of its own differs: the two start from another total, of which it is another share."
    )


def _definitions(first: Choice, second: Choice, path: Sequence[Movement], last: date) -> str:
    one, two = first.definition, second.definition
    if one == two:
        return ""
    events = tell_events(path)
    if not events:
        return "It stood still: the two start from another total, of which it is another share."
    if one.months == two.months and one.backs == two.backs:
        return _flow(path, events)
    told = f"It {events}."
    if len(one.backs) != len(two.backs):
        return (
            f"{told} The average looks at four years that end three months apart, so what happened counts "
            "in some of them only, and what happened longer ago counts too."
        )
    shorter = min(one.months, two.months)
    since = month_label(add_months(last, -shorter))
    before = [each for each in path if each.month <= add_months(last, -shorter) and _moves(each)]
    if before:
        return f"{told} What happened up to {since} lies before the shorter time begins."
    return f"{told} The two start from another total, of which it is another share."


def _flow(path: Sequence[Movement], events: str) -> str:
    start = path[0].start if path else Decimal(0)
    end = path[-1].end if path else Decimal(0)
    downs = [each for each in path if each.contraction or each.churn]
    if not start:
        return (
            f"It had no ARR at the start and {events}: flow-based counts what it gained and lost since, "
            "point to point leaves it out."
        )
    if any(each.churn for each in downs) and end:
        return (
            f"It {events}: flow-based counts it as lost, and its return as reactivation; point to point sees that it "
            "is there at both ends."
        )
    ups = [each for each in path if each.expansion]
    if downs and ups and downs[0].month < ups[-1].month and end >= start:
        return (
            f"It {events}: flow-based counts the dip, point to point sees both ends, where it had recovered."
        )
    if downs and ups:
        return (
            f"It {events}: flow-based counts every move, point to point only what is left of them at the end."
        )
    return f"It {events}: the two count that at other places."


def _rates(first: Choice, second: Choice, rows: Told) -> str:
    if first.constant_currency == second.constant_currency:
        return ""
    dated = rows[0] if not first.constant_currency else rows[1]
    fx = sum((each.fx for each in dated), Decimal(0))
    if not fx:
        return ""
    way = "added" if fx > 0 else "took"
    return f"Exchange rates alone {way} {exact_money(abs(fx))}, which constant currency leaves out."


def _reactivation(first: Choice, second: Choice, rows: Told) -> str:
    if first.counts_reactivation == second.counts_reactivation:
        return ""
    counted = rows[0] if first.counts_reactivation else rows[1]
    back = sum((each.reactivation for each in counted), Decimal(0))
    return f"It came back with {exact_money(back)}, which only one of the two counts as kept." if back else ""


def _knowledge(first: Choice, second: Choice, rows: Told) -> str:
    if first.is_published == second.is_published or first.definition != second.definition:
        return ""
    then, now = rows if first.is_published else (rows[1], rows[0])
    ends = [(each[-1].start, each[-1].end) if each else (Decimal(0), Decimal(0)) for each in (then, now)]
    parts = [
        f"ARR at the {name} was published as {exact_money(ends[0][place])} and is {exact_money(ends[1][place])} now"
        for place, name in enumerate(("start", "end"))
        if ends[0][place] != ends[1][place]
    ]
    return f"{'; '.join(parts)}." if parts else "Months in between were restated."


def tell_change(
    choice: Choice, rows: Told, path: Sequence[Movement], *, entered: set[date], left: set[date]
) -> str:
    """Say why an account is counted otherwise than in an earlier month, by the same definition.

    ``rows`` are its movements to the later and to the earlier month, ``entered`` the months that only the later figure
    looks at, ``left`` those that only the earlier one does.
    """
    came = tell_events([each for each in path if each.month in entered])
    gone = [each for each in path if each.month in left]
    told = [f"It {came}."] if came else []
    if events := tell_events(gone):
        begins = not choice.definition.is_flow and any(each.new or each.reactivation for each in gone)
        then = "so that it counts from now on" if begins else "which lies before the start now"
        told.append(f"It {events}, {then}.")
    if told:
        return " ".join(told)
    now, before = (sum((each.fx for each in found), Decimal(0)) for found in rows)
    if now != before:
        return f"Exchange rates alone moved it by {exact_money(now)} now, by {exact_money(before)} before."
    return "What was known of it when each of the two months was published differs."


def tell_events(path: Sequence[Movement]) -> str:
    """Return what happened month by month, the largest few in their order."""
    happened = [
        (each.month, kind, getattr(each, kind))
        for each in path
        for kind in (*DOWNWARD, *UPWARD)
        if getattr(each, kind)
    ]
    largest = sorted(happened, key=lambda each: -each[2])[:MOST_EVENTS]
    told = [
        f"{VERBS[kind].format(exact_money(amount))} in {month_label(month)}"
        for month, kind, amount in happened
        if (month, kind, amount) in largest
    ]
    if len(happened) > len(told):
        told.append(f"moved {len(happened) - len(told)} more times")
    return f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else "".join(told)


def _moves(moved: Movement) -> bool:
    return any(getattr(moved, kind) for kind in (*DOWNWARD, *UPWARD))
