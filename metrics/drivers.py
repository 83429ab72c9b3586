"""What a function's time goes into: declared in ``<app>/metrics.py``, costed by finance.

So finance costs work that another app keeps, and neither knows the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db.models import QuerySet

from common.registry import Registry
from people.functions import Function
from people.models import Category


class Item(NamedTuple):
    """Something that was worked on: its name, and where it is."""

    label: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CostDriver:
    """Time of one function, by account.

    ``query`` gives rows of ``(account_id, item_id, day, minutes)`` of the days ``first`` to ``last``, both included,
    one for each time that somebody worked. ``feed`` is everything of the kind known by a day: where it is empty nobody
    writes time down, and nothing costs 0. ``name_items`` tells by their ids what was worked on; that and the minutes
    themselves are of ``category``. ``inputs`` are sync resources, as of a number.
    """

    key: str
    label: str
    function: Function
    category: Category
    inputs: tuple[str, ...]
    query: Callable[[date, date], QuerySet[Any, Any]]
    feed: Callable[[date], QuerySet[Any, Any]]
    name_items: Callable[[Sequence[int]], Mapping[int, Item]]


drivers: Registry[CostDriver] = Registry("cost driver", "metrics")
