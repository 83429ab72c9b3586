"""Read requests and steps: whose turn it is, and who may see what.

Who may decide a step: its person; where that one can't (deactivated, or the one who asked or wrote it), the others of
the function; where nobody of the function can, RevOps. Never who asked or wrote it, not for somebody else either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from django.db.models import BooleanField, Case, Exists, F, Func, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from people.functions import Function

if TYPE_CHECKING:
    from people.approvals.models import ApprovalRequest, ApprovalStep

NOBODY = 0  # no key of the database


class IsAmong(Func):
    """Whether a key is in an array of keys; false for no key."""

    template = "COALESCE(%(expressions)s), FALSE)"
    arg_joiner = " = ANY("
    arity = 2
    output_field = BooleanField()


@dataclass(frozen=True, slots=True)
class Seat:
    """In whose place somebody decides: their own, or another's for some kinds (none: for all)."""

    user_id: int
    function: str
    kinds: tuple[str, ...] = ()
    is_delegated: bool = False


class ApprovalStepQuerySet(QuerySet["ApprovalStep"]):
    """Reads of steps."""

    def waiting(self) -> Self:
        """Steps whose turn it is."""
        return self.filter(state="waiting")

    def with_pool(self) -> Self:
        """Annotate ``pool``, the function whose people may decide, and ``is_vacant`` where none of them can."""
        from people.models import User

        pooled = self.alias(asker=Coalesce("requested_by_id", NOBODY)).annotate(
            pool=Case(When(function="", then=F("user__function")), default=F("function")),
            is_named=Q(user__isnull=False)
            & Q(user__is_active=True)
            & ~Q(user_id=F("asker"))
            & ~Q(IsAmong("user_id", "authors")),
        )
        others = User.objects.filter(
            ~Q(IsAmong("pk", OuterRef("authors"))), is_active=True, function=OuterRef("pool")
        ).exclude(pk=OuterRef("asker"))
        return pooled.annotate(is_vacant=Q(is_named=False) & ~Exists(others))

    def with_deciders(self) -> Self:
        """Annotate ``decided_in``, the function that really decides: RevOps where nobody of the step's own can."""
        own = F("pool")
        return self.with_pool().annotate(
            decided_in=Case(When(is_vacant=True, then=Value(Function.REVOPS.value)), default=own)
        )

    def decidable_from(self, seats: Sequence[Seat], *, by: int) -> Self:
        """Waiting steps that person ``by`` may decide from any of ``seats``."""
        wanted = Q(pk__in=[])
        for seat in seats:
            place = Q(user_id=seat.user_id) | Q(is_named=False, pool=seat.function)
            if seat.function == Function.REVOPS:
                place |= Q(is_vacant=True)
            place &= ~Q(asker=seat.user_id) & ~Q(authors__contains=[seat.user_id])
            wanted |= place & Q(request__kind__in=seat.kinds) if seat.kinds else place
        return self.waiting().with_pool().filter(wanted, ~Q(authors__contains=[by])).exclude(asker=by)


class ApprovalRequestQuerySet(QuerySet["ApprovalRequest"]):
    """Reads of requests."""

    def live(self) -> Self:
        """Requests that may still come to a decision."""
        return self.filter(state__in=("open", "returned"))

    def decidable_from(self, seats: Sequence[Seat], *, by: int) -> Self:
        """Requests whose present step person ``by`` may decide."""
        steps = self._steps().decidable_from(seats, by=by).filter(request_id=OuterRef("pk"))
        return self.filter(Exists(steps), state="open")

    def requested_by_person(self, user_id: int) -> Self:
        """Requests that a person made."""
        return self.filter(requested_by_id=user_id)

    def decided_by_person(self, user_id: int) -> Self:
        """Requests of which a person decided a step."""
        return self.filter(Exists(self._steps().filter(request_id=OuterRef("pk"), decided_by_id=user_id)))

    def visible_from(self, seats: Sequence[Seat], *, to: int) -> Self:
        """Requests that concern a person: asked, written, decided, or theirs to decide now or at another step."""
        named = Q(pk__in=[])
        for seat in seats:
            place = Q(user_id=seat.user_id) | Q(user=None, function=seat.function)
            named |= place & Q(request__kind__in=seat.kinds) if seat.kinds else place
        own = Q(decided_by_id=to) | Q(authors__contains=[to])
        concerned = self._steps().filter(named | own, request_id=OuterRef("pk"))
        now = self._steps().decidable_from(seats, by=to).filter(request_id=OuterRef("pk"))
        return self.filter(Q(requested_by_id=to) | Exists(concerned) | Exists(now))

    @staticmethod
    def _steps() -> ApprovalStepQuerySet:
        from people.approvals.models import ApprovalStep

        return ApprovalStep.objects.all()
