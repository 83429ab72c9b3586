"""What runs there are, and what their steps do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

from common.registry import Registry
from metrics.runs.models import R


class RunFailedError(Exception):
    """A step found that the run can't go on; what the step wrote is taken back.

    The message is the run's ``error``, ``found`` its ``summary``.
    """

    def __init__(self, message: str, found: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.found = found


class RunWaitsError(Exception):
    """A step can't be done yet; what it wrote is taken back, and it is tried when a worker is called again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunKind(Generic[R]):
    """A kind of run, declared in ``<app>/runs.py``.

    ``worker`` returns what does one step after the other of one run, and may keep what it made for the next ones. A
    step is done in the transaction in which it is marked as done, and returns the fields of the run that change with
    it; the run it is given is read anew, with ``related``. ``doubt`` is asked before each step for why the run can't
    go on, if so. ``forget`` removes what a run that ends without a result has written beside its row.
    """

    key: str
    model: type[R]
    worker: Callable[[], Callable[[R, Any], Mapping[str, Any]]]
    forget: Callable[[R], None]
    doubt: Callable[[R], str] | None = None
    related: tuple[str, ...] = ()


run_kinds: Registry[RunKind[Any]] = Registry("kind of run", "runs")


def kind_of(run: R) -> RunKind[R]:
    """Return the kind of a run."""
    return next(kind for kind in run_kinds if kind.model is type(run))
