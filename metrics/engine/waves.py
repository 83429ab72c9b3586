"""The order of the work: which wave each declared item belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from metrics.registry import EVERYTHING, Item, dependencies_of


def order_in_waves(items: Mapping[str, Item]) -> dict[str, int]:
    """Return the wave of each item, from 1: everything it depends on lies in an earlier one.

    Items ``after`` everything come behind all that are not. Names nobody declared are ignored here: the
    step itself fails with a reason. Raises graphlib.CycleError.
    """
    needs = {key: dependencies_of(item) for key, item in items.items()}
    return _waves({key: (*needs[key], *item.after) for key, item in items.items()})


def find_cycle(edges: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the keys of a cycle among ``edges``, or nothing."""
    try:
        _waves(edges)
    except CycleError as error:
        return list(error.args[1])
    return []


def _waves(edges: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    last = {key for key, before in edges.items() if EVERYTHING in before}
    first = set(edges) - last
    graph = {
        key: {other for other in before if other in edges and other != EVERYTHING}
        | (first if key in last else set())
        for key, before in edges.items()
    }
    waves: dict[str, int] = {}
    for key in TopologicalSorter(graph).static_order():
        waves[key] = 1 + max((waves[other] for other in graph[key]), default=0)
    return waves
