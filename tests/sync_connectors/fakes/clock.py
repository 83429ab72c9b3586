"""Time that passes only when told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sync.connectors.declarations import Clock


class FakeClock(Clock):
    """A clock at a noon of its own; sleeping moves it and is remembered. ``tick`` passes with each look."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 6, 1, 12, tzinfo=UTC)
        self.slept: list[float] = []
        self.tick = timedelta(0)

    def now(self) -> datetime:
        self.moment += self.tick
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)

    def chance(self) -> float:
        return 0.5

    def pass_by(self, **span: float) -> None:
        self.moment += timedelta(**span)
