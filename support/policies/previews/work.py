"""The steps of a preview: how a slice of tickets stands under both versions, then what all of it adds up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Count

from metrics.runs.registry import RunKind
from support.clocks.keeping import read_facts
from support.clocks.telling import ClockRow, Facts, tell
from support.models import Clock, Outcome, PolicyPreview, PolicyPreviewRow, PolicySet, Ticket
from support.policies.book import Promise, promise_of, read_book
from support.policies.previews.services import forget_rows, is_saved_since
from support.policies.tenures import as_if_always

SAVED_MEANWHILE = "The draft was saved while it was being previewed. Preview it again."
# Which clock of which ticket.
Key = tuple[int, str, int]


def do_step(run: PolicyPreview, step: Sequence[Any]) -> Mapping[str, Any]:
    """Do one of the steps; the last one writes the summary."""
    kind, first, last = step
    if kind == "tickets":
        _keep_slice(run, first, last)
        return {}
    return {"summary": summary_of(run)}


def _keep_slice(run: PolicyPreview, first: int, last: int) -> None:
    asked = Ticket.objects.live().filter(
        pk__range=(first, last), opened_at__gte=run.since, opened_at__lte=run.until
    )
    facts = read_facts(list(asked.values_list("pk", flat=True)))
    before, _ = told_by(run.in_force, facts, run.until)
    after, tiers = told_by(run.policy_set, facts, run.until)
    PolicyPreviewRow.objects.bulk_create(
        PolicyPreviewRow(
            run=run,
            ticket_id=key[0],
            metric=key[1],
            cycle=key[2],
            priority=(after.get(key) or before[key]).priority,
            tier_id=tiers.get(key[0]),
            before=outcome_of(before.get(key)),
            after=outcome_of(after.get(key)),
            late_minutes=_late(after.get(key), run.until),
        )
        for key in sorted({**before, **after})
        if {outcome_of(before.get(key)), outcome_of(after.get(key))} != {Outcome.NONE}
    )


def told_by(
    held: PolicySet | None, facts: Sequence[Facts], now: datetime
) -> tuple[dict[Key, ClockRow], dict[int, int | None]]:
    """Return the clocks of tickets as of ``now`` had a version counted all the time, and the tiers by ticket.

    A tier is that of the account now; every account gets what its contract says of the first response all the same.
    """
    promises: dict[int, list[Promise]] = defaultdict(list)
    rows = as_if_always(sorted({one.account for one in facts}), held)
    for place, row in enumerate(rows, start=1):
        promises[row.account_id].append(replace(promise_of(row), id=place))
    book = read_book(promise for some in promises.values() for promise in some)
    ledgers = [tell(one, promises[one.account], book, now=now) for one in facts]
    clocks = {(row.ticket, row.metric, row.cycle): row for ledger in ledgers for row in ledger.clocks}
    return clocks, {one.ticket: promises[one.account][-1].tier_id for one in facts}


def outcome_of(row: ClockRow | None) -> Outcome:
    """Return how a clock ends: missed once it was due in vain, met, ended before either, not promised, or not yet."""
    if row is None or row.minutes is None:
        return Outcome.NONE
    if row.breached_at is not None:
        return Outcome.MISSED
    return {Clock.State.MET: Outcome.MET, Clock.State.STOPPED: Outcome.ENDED}.get(
        Clock.State(row.state), Outcome.OPEN
    )


def _late(row: ClockRow | None, now: datetime) -> int | None:
    if row is None or row.breached_at is None or outcome_of(row) != Outcome.MISSED:
        return None
    return max(0, int(((row.ended_at or now) - row.breached_at).total_seconds() // 60))


def summary_of(run: PolicyPreview) -> dict[str, Any]:
    """Add up the rows of a preview by metric, tier, priority and both outcomes; one query."""
    names = ("metric", "tier__rank", "tier__label", "priority", "before", "after")
    rows = PolicyPreviewRow.objects.filter(run=run).order_by().values(*names).annotate(clocks=Count("pk"))
    return {"counts": list(rows), "tickets": run.rows.values("ticket").distinct().count()}


def _doubt(run: PolicyPreview) -> str:
    return SAVED_MEANWHILE if is_saved_since(run) else ""


PREVIEW = RunKind(
    key="support.policy_preview",
    model=PolicyPreview,
    worker=lambda: do_step,
    forget=forget_rows,
    doubt=_doubt,
    related=("policy_set", "in_force"),
)
