"""What every benchmark shares: interleaved timing and one line a figure."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured ratio and the bound it must keep: ``at_least`` or ``at_most``."""

    name: str
    ratio: float
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the target is met."""
        return (self.at_least is None or self.ratio >= self.at_least) and (
            self.at_most is None or self.ratio <= self.at_most
        )

    def __str__(self) -> str:
        target = f">={self.at_least:g}" if self.at_least is not None else f"<={self.at_most:g}"
        verdict = "" if self.holds else "  MISSED"
        note = f"  ({self.note})" if self.note else ""
        return f"{self.name} ratio={self.ratio:.3f} target={target}{verdict}{note}"


def seconds(work: Callable[[], object]) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleave(works: Sequence[Callable[[], object]], rounds: int, warm_up: int = 1) -> list[list[float]]:
    """Time each work ``rounds`` times in turn (A B A B …), so that drift of the machine hits all alike.

    Returns one list of seconds for each work, without the warm-up rounds.
    """
    times: list[list[float]] = [[] for _ in works]
    for turn in range(warm_up + rounds):
        for slot, work in zip(times, works, strict=True):
            taken = seconds(work)
            if turn >= warm_up:
                slot.append(taken)
    return times


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that ``percent`` % of ``values`` do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(percent / 100 * len(ordered) + 0.5) - 1))]
