"""Where a clock stands by the entries of its ledger, up to any of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from support.clocks.replay import Kind
from support.models import Clock

State = Clock.State


class Line(Protocol):
    """What an entry of a ledger says, stored or just told."""

    @property
    def at(self) -> datetime: ...
    @property
    def kind(self) -> str: ...
    @property
    def due_at(self) -> datetime | None: ...


@dataclass(slots=True)
class Stand:
    """How a clock stands: ``due_at`` is None while it stands still or nothing is promised."""

    state: Clock.State = State.CLEARED
    due_at: datetime | None = None
    breached_at: datetime | None = None
    ended_at: datetime | None = None


def stand_by(entries: Iterable[Line]) -> Stand:
    """Return how a clock stands after its entries, in their order; without any nothing is promised."""
    now = Stand()
    is_promised = False
    for entry in entries:
        kind = entry.kind
        if kind in (Kind.MEET, Kind.STOP):
            now.ended_at = entry.at
            now.state = State.MET if kind == Kind.MEET else State.STOPPED
        elif kind == Kind.BREACH:
            now.breached_at = entry.at
        elif kind == Kind.CLEAR:
            is_promised, now.breached_at, now.due_at = False, None, None
            now.state = State.CLEARED
        elif kind != Kind.WARN:
            is_promised = is_promised or kind in (Kind.START, Kind.RECOMPUTE)
            if kind in (Kind.PAUSE, Kind.RESUME):
                now.ended_at = None
            if kind != Kind.PAUSE and (entry.due_at is None or entry.due_at > entry.at):
                now.breached_at = None
            now.due_at = entry.due_at
            # What is promised no more stands still or goes on all the same, and is told of it.
            now.state = _going(entry.due_at) if is_promised else State.CLEARED
    return now


def _going(due_at: datetime | None) -> Clock.State:
    return State.PAUSED if due_at is None else State.RUNNING
