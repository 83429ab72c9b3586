"""In whose place a person decides, and who may decide a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from people.approvals.models import ApprovalDelegation, ApprovalStep
from people.approvals.querysets import Seat
from people.functions import Function
from people.models import User

NAMED = "named"
OF_FUNCTION = "function"
FOR_ANOTHER = "deputy"  # of the function, in the place of the person named
VACANT = "vacant"


def is_running(delegation: ApprovalDelegation, now: datetime) -> bool:
    """Return whether a delegation holds at a moment, by the days of its giver."""
    if delegation.ended_at is not None:
        return False
    day = now.astimezone(ZoneInfo(delegation.giver.time_zone)).date()
    return delegation.starts_on <= day <= delegation.ends_on


def running_delegations(now: datetime | None = None) -> list[ApprovalDelegation]:
    """Return the delegations that hold now between people who may sign in; one query."""
    moment = now or timezone.now()
    # Days differ by time zone, so a day to each side is read and judged by the giver's own.
    near = ApprovalDelegation.objects.filter(
        ended_at=None,
        starts_on__lte=moment.date() + timedelta(days=1),
        ends_on__gte=moment.date() - timedelta(days=1),
        giver__is_active=True,
        taker__is_active=True,
    )
    return [each for each in near.select_related("giver", "taker").order_by("pk") if is_running(each, moment)]


def seats_of(user: User) -> list[Seat]:
    """Return a person's own seat and those that others delegated to them; one query."""
    if not user.is_active:
        return []
    return [
        Seat(user.pk, user.function),
        *(
            Seat(each.giver_id, each.giver.function, tuple(each.kinds), is_delegated=True)
            for each in running_delegations()
            if each.taker_id == user.pk
        ),
    ]


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody who may decide a step, why, and for whom where it was delegated."""

    user: User
    why: str
    stands_for: User | None = None


@dataclass(slots=True)
class Roll:
    """Who may decide which step, for many steps in two queries."""

    people: dict[int, User] = field(default_factory=dict)
    delegations: Sequence[ApprovalDelegation] = ()

    @classmethod
    def read(cls) -> Roll:
        """Read the active people and the running delegations."""
        active = User.objects.filter(is_active=True).order_by("name", "pk")
        return cls({user.pk: user for user in active}, running_delegations())

    def approvers(self, step: ApprovalStep, kind: str) -> list[Approver]:
        """Return who may decide a step of a request of ``kind``, those in their own right first."""
        own = self._own(step)
        held = {each.user.pk for each in own}
        for each in self.delegations:
            fits = not each.kinds or kind in each.kinds
            can = each.taker_id not in held and not step.is_own_of(each.taker_id)
            giver = next(
                (one for one in own if one.user.pk == each.giver_id and one.stands_for is None), None
            )
            if fits and can and giver is not None:
                own.append(Approver(each.taker, giver.why, giver.user))
                held.add(each.taker_id)
        return own

    def _own(self, step: ApprovalStep) -> list[Approver]:
        named = self.people.get(step.user_id or 0)
        if named is not None and not step.is_own_of(named.pk):
            return [Approver(named, NAMED)]
        pool = step.function or (step.user.function if step.user else "")
        why = OF_FUNCTION if step.user_id is None else FOR_ANOTHER
        found = self._of(pool, why, step)
        return found or self._of(Function.REVOPS, VACANT, step)

    def _of(self, function: str, why: str, step: ApprovalStep) -> list[Approver]:
        return [
            Approver(user, why)
            for user in self.people.values()
            if user.function == function and not step.is_own_of(user.pk)
        ]
