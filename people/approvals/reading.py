"""What a reader may see of requests: lists, a page, a count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any

from django.db import connection
from django.db.models import Prefetch, Q, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from common.export import Table, table_of
from people.access import Access
from people.approvals.forms import CommentForm
from people.approvals.models import ApprovalRequest, ApprovalStep
from people.approvals.querysets import ApprovalRequestQuerySet, Seat
from people.approvals.registry import ApprovalKind, approval_kinds
from people.approvals.seats import seats_of
from people.functions import Function
from people.models import User

CHUNK = 2000
FAR = datetime(9999, 1, 1, tzinfo=UTC)
SHOWS = {
    "mine": "To decide",
    "requested": "You asked",
    "decided": "You decided",
    "all": "Everything",
}
ORDERS: dict[str, tuple[str, ...]] = {
    "due": ("due_order", "pk"),
    "-due": ("-due_order", "-pk"),
    "asked": ("requested_at", "pk"),
    "-asked": ("-requested_at", "-pk"),
}
DEFAULT_ORDER = {"mine": "due", "requested": "-asked", "decided": "-asked", "all": "-asked"}
SEES_ALL = (Function.REVOPS, Function.LEADERSHIP)


def my_seats(request: HttpRequest) -> list[Seat]:
    """Return the reader's seats, read once a request."""
    held: list[Seat] | None = getattr(request, "_abe_seats", None)
    if held is None:
        held = seats_of(request.user) if isinstance(request.user, User) else []
        request._abe_seats = held  # type: ignore[attr-defined]  # noqa: SLF001 - set by us alone
    return held


def to_decide(user: User, seats: Sequence[Seat]) -> ApprovalRequestQuerySet:
    """Return the requests whose present step is the person's to decide."""
    return ApprovalRequest.objects.decidable_from(seats, by=user.pk)


def count_to_decide(request: HttpRequest) -> int:
    """Return how many requests wait for the reader, counted once a request; two queries."""
    held: int | None = getattr(request, "_abe_to_decide", None)
    if held is None:
        user, seats = request.user, tuple(my_seats(request))
        held = _count(user.pk, seats) if isinstance(user, User) and seats else 0
        request._abe_to_decide = held  # type: ignore[attr-defined]  # noqa: SLF001 - set by us alone
    return held


def _count(by: int, seats: tuple[Seat, ...]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(*_counting(by, seats))
        row: tuple[int] = cursor.fetchone()
        return row[0]


@lru_cache(maxsize=1024)
def _counting(by: int, seats: tuple[Seat, ...]) -> tuple[str, tuple[Any, ...]]:
    """Return the count of what ``by`` may decide as SQL: every page asks it, and putting it together takes longer."""
    held = ApprovalRequest.objects.decidable_from(seats, by=by).order_by().values("pk")
    sql, params = held.query.sql_with_params()
    return f"SELECT count(*) FROM ({sql}) AS held", tuple(params)  # noqa: S608 - the ORM wrote it


@dataclass(frozen=True, slots=True)
class OpenDecision:
    """A step that a person may decide now, for the page of what it is about."""

    approval: ApprovalRequest
    step: ApprovalStep
    form: CommentForm

    @property
    def can_return(self) -> bool:
        """Whether there is somebody to return it to."""
        return self.approval.requested_by_id is not None

    @property
    def is_late(self) -> bool:
        """Whether it should have been decided by now."""
        return self.step.due_at is not None and self.step.due_at < timezone.now()


def decision_on(request: HttpRequest, approval_id: int | None) -> OpenDecision | None:
    """Return what the reader may decide of a request now, None where it isn’t their turn; one query after seats."""
    user = request.user
    if approval_id is None or not isinstance(user, User):
        return None
    steps = ApprovalStep.objects.decidable_from(my_seats(request), by=user.pk)
    related = ("request__requested_by", "user")
    step = steps.filter(request_id=approval_id, request__state="open").select_related(*related).first()
    return OpenDecision(step.request, step, CommentForm()) if step else None


def visible_to(user: User, seats: Sequence[Seat]) -> ApprovalRequestQuerySet:
    """Return the requests that a person may look at; RevOps and leadership see all of them."""
    if user.function in SEES_ALL:
        return ApprovalRequest.objects.all()
    return ApprovalRequest.objects.visible_from(seats, to=user.pk)


@dataclass(frozen=True, slots=True)
class Search:
    """What the inbox is asked for; anything unknown in the URL falls back to the default."""

    show: str
    kind: str
    state: str
    text: str
    is_late: bool
    sort: str

    @classmethod
    def from_params(cls, params: QueryDict, user: User) -> Search:
        """Read the URL."""
        show, kind, state, sort = (params.get(key, "") for key in ("show", "kind", "state", "sort"))
        show = show if show in shows_of(user) else "mine"
        return cls(
            show=show,
            kind=kind if kind in approval_kinds else "",
            state=state if state in ApprovalRequest.State.values and show != "mine" else "",
            text=params.get("q", "").replace("\x00", "").strip()[:200],
            is_late=params.get("late") == "1",
            sort=sort if sort in ORDERS else DEFAULT_ORDER[show],
        )

    @property
    def order(self) -> tuple[str, ...]:
        """The fields for ``common.pagination.read_page``."""
        return ORDERS[self.sort]

    @property
    def is_narrowed(self) -> bool:
        """Whether something may be missing from the list because of what was asked."""
        return bool(self.kind or self.state or self.text or self.is_late)

    def find(self, user: User, seats: Sequence[Seat], access: Access) -> ApprovalRequestQuerySet:
        """Return the requests asked for, unordered, with their steps and who asked."""
        found = {
            "mine": lambda: to_decide(user, seats),
            "requested": lambda: ApprovalRequest.objects.requested_by_person(user.pk),
            "decided": lambda: ApprovalRequest.objects.decided_by_person(user.pk),
            "all": lambda: visible_to(user, seats),
        }[self.show]()
        if self.kind:
            found = found.filter(kind=self.kind)
        if self.state:
            found = found.filter(state=self.state)
        if self.is_late:
            found = found.filter(due_at__lt=timezone.now())
        if self.text:
            # A search tells what it finds, so it doesn't look where the reader may not.
            found = found.filter(kind__in=readable_kinds(access))
            for word in self.text.split():
                found = found.filter(Q(title__icontains=word) | Q(requested_by__name__icontains=word))
        steps = ApprovalStep.objects.select_related("user", "decided_by").order_by("round", "position")
        return (
            found.annotate(due_order=Coalesce("due_at", Value(FAR)))
            .select_related("requested_by")
            .prefetch_related(Prefetch("steps", steps))
        )


def shows_of(user: User) -> dict[str, str]:
    """Return the lists that a person has."""
    return {key: label for key, label in SHOWS.items() if key != "all" or user.function in SEES_ALL}


def readable_kinds(access: Access) -> list[str]:
    """Return the kinds whose titles and reasons a reader may see."""
    return [kind.key for kind in approval_kinds if access.allows(kind.category)]


@dataclass
class Shown:
    """A request as one reader sees it."""

    request: ApprovalRequest
    access: Access

    @cached_property
    def kind(self) -> ApprovalKind | None:
        """What the request is of, None where no app declares it any more."""
        return approval_kinds.get(self.request.kind)

    @property
    def kind_label(self) -> str:
        """The kind in words."""
        return self.kind.label if self.kind else self.request.kind

    @cached_property
    def title(self) -> Any:
        """The title, or the mark that stands for it."""
        return self._guarded(self.request.title)

    @cached_property
    def reason(self) -> Any:
        """Why it was asked, or the mark that stands for it."""
        return self._guarded(self.request.reason)

    @property
    def link_text(self) -> str:
        """What the link to the request says."""
        return self.request.title if self._is_readable else f"{self.kind_label} {self.request.pk}"

    @property
    def asker(self) -> str:
        """Who asked."""
        return str(self.request.requested_by or "ABE itself")

    @cached_property
    def steps(self) -> list[ApprovalStep]:
        """The steps of the present round; as prefetched."""
        return [step for step in self.request.steps.all() if step.round == self.request.round]

    @cached_property
    def current(self) -> ApprovalStep | None:
        """The step whose turn it is."""
        return next((step for step in self.steps if step.state == ApprovalStep.State.WAITING), None)

    @property
    def waits_for(self) -> str:
        """Whose turn it is, in words."""
        if self.request.state == ApprovalRequest.State.RETURNED:
            return self.asker
        return seat_words(self.current) if self.current else ""

    @property
    def progress(self) -> str:
        """How many steps of how many are approved."""
        approved = sum(step.state == ApprovalStep.State.APPROVED for step in self.steps)
        return f"{approved} of {len(self.steps)}" if len(self.steps) > 1 else ""

    @property
    def is_late(self) -> bool:
        """Whether its present step should have been decided by now."""
        return self.request.due_at is not None and self.request.due_at < timezone.now()

    @property
    def tone(self) -> str:
        """The colour of its state."""
        return {"approved": "green", "rejected": "red", "returned": "amber", "open": "accent"}.get(
            self.request.state, "neutral"
        )

    @property
    def _is_readable(self) -> bool:
        return self.kind is None or self.access.allows(self.kind.category)

    def _guarded(self, text: str) -> Any:
        return self.access.redact(text, self.kind.category) if self.kind else text


def seat_words(step: ApprovalStep) -> str:
    """Say who a step was meant for."""
    if step.user is not None:
        return str(step.user)
    return str(Function(step.function).label)


def approvals_table(search: Search, user: User, seats: Sequence[Seat], access: Access) -> Table:
    """Return the requests asked for as a table for a file, in the list's own order and redacted alike."""
    found = search.find(user, seats, access).order_by(*search.order)
    return table_of(
        "approvals",
        (Shown(request, access) for request in found.iterator(chunk_size=CHUNK)),
        [
            ("id", "Request", lambda each: each.request.pk),
            ("kind", "Kind", lambda each: each.kind_label),
            ("title", "Title", lambda each: str(each.title)),
            ("requested_by", "Asked by", lambda each: each.asker),
            ("requested_at", "Asked", lambda each: each.request.requested_at),
            ("reason", "Reason", lambda each: str(each.reason)),
            ("state", "State", lambda each: each.request.get_state_display()),
            ("waits_for", "Waits for", lambda each: each.waits_for),
            ("due_at", "Due", lambda each: each.request.due_at),
            ("closed_at", "Ended", lambda each: each.request.closed_at),
        ],
    )
