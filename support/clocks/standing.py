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
    is_over = False
    for entry in entries:
        kind = entry.kind
        if kind in (Kind.MEET, Kind.STOP):
            is_over, now.ended_at = True, entry.at
            now.state = State.MET if kind == Kind.MEET else State.STOPPED
        elif kind == Kind.BREACH:
            now.breached_at = entry.at
        elif kind == Kind.PAUSE:
            now.state, now.due_at = State.PAUSED, None
        elif kind == Kind.CLEAR:
            now.breached_at, now.due_at = None, None
            now.state = now.state if is_over else State.CLEARED
        elif kind != Kind.WARN:
            if kind == Kind.RESUME:
                is_over, now.ended_at = False, None
            if entry.due_at is None or entry.due_at > entry.at:
                now.breached_at = None
            now.due_at = entry.due_at
            if not is_over:
                now.state = State.PAUSED if entry.due_at is None else State.RUNNING
    return now
