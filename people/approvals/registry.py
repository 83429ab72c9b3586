"""Kinds of approval: what is asked, who decides it, what a decider is shown, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.registry import Registry
from people.models import Level, User

if TYPE_CHECKING:
    from people.approvals.models import ApprovalRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class StepPlan:
    """One decision that is needed: of a person of ``function``, or of ``user``; within ``hours``.

    With both, the person decides, and the function's others where that one can't. The clock runs day and night.
    """

    hours: int
    function: str = ""
    user: User | None = None
    label: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One line of what would change; ``after`` alone for what is only told, so say what was there before, be it none.

    Values are text, numbers (with a unit, or a currency for money) or days, shown under the access policy where
    a category is named.
    """

    label: str
    before: Any = None
    after: Any = None
    unit: str = ""
    currency: str = ""
    category: str | None = None
    level: str = Level.FULL


def nothing(request: ApprovalRequest) -> None:
    """Do nothing."""


def nobody(request: ApprovalRequest) -> Collection[int]:
    """Return no author."""
    return ()


def facts_of_data(request: ApprovalRequest) -> list[Fact]:
    """Return the facts of ``request.data["facts"]``: members of ``Fact`` by name."""
    found: list[Fact] = []
    for each in request.data.get("facts", []):
        given: Mapping[str, Any] = each
        found.append(Fact(**{name: given[name] for name in Fact.__slots__ if name in given}))
    return found


@dataclass(frozen=True, kw_only=True)
class ApprovalKind:
    """What can be asked for.

    ``steps`` returns at least one; it is asked for each new request, and again for one that was returned. So is
    ``authors``: the keys of those who wrote what is asked for, who may decide it as little as who asks, nor may
    anybody for them; ``nobody`` where the product wrote it or only who asks can have.
    ``on_approved``, ``on_rejected`` and ``on_ended`` (withdrawn or superseded) run in the transaction that ends
    the request; what they raise undoes it, and a ``RefusedError`` is told to who decided. ``category`` guards
    title and reason where these tell of an account; ``can_withdraw`` is false where only the product itself takes
    a request back.
    """

    key: str
    label: str
    steps: Callable[[ApprovalRequest], Sequence[StepPlan]]
    authors: Callable[[ApprovalRequest], Collection[int]]
    on_approved: Callable[[ApprovalRequest], None]
    on_rejected: Callable[[ApprovalRequest], None] = nothing
    on_ended: Callable[[ApprovalRequest], None] = nothing
    facts: Callable[[ApprovalRequest], Sequence[Fact]] = facts_of_data
    category: str | None = None
    can_withdraw: bool = True


approval_kinds: Registry[ApprovalKind] = Registry("approval kind", "approvals")

# What other layers do when a request is made or ends, in its transaction: (event, requests).
Watcher = Callable[[str, Sequence["ApprovalRequest"]], None]
watchers: list[Watcher] = []

REQUESTED = "approval.requested"
DECIDED = "approval.decided"


def watch_approvals(watcher: Watcher) -> Watcher:
    """Have ``watcher`` called for each request that is made (or asked again) or ends (a decorator)."""
    watchers.append(watcher)
    return watcher


def tell_watchers(event: str, requests: Sequence[ApprovalRequest]) -> None:
    """Call every watcher, in the caller's transaction."""
    for watcher in watchers:
        watcher(event, requests)
