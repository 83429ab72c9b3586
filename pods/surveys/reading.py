"""What a reader may see of surveys: the list, one account's, and their file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import F, Q
from django.http import QueryDict

from common.export import Table, table_of
from people.access import Access
from people.models import Category
from pods.surveys.models import SurveyRequest
from pods.surveys.querysets import SurveyRequestQuerySet
from pods.surveys.registry import SurveyKind, survey_kinds
from pods.surveys.services import may_ask

State = SurveyRequest.State
CHUNK = 2000
TONES = {
    State.OPEN: "accent",
    State.ANSWERED: "green",
    State.EXPIRED: "neutral",
    State.WITHDRAWN: "neutral",
    State.UNDELIVERED: "red",
}
ORDERS: dict[str, tuple[str, ...]] = {
    "-asked": ("-asked_at", "-pk"),
    "asked": ("asked_at", "pk"),
    "account": ("account_name", "pk"),
    "-account": ("-account_name", "-pk"),
}


@dataclass(frozen=True, slots=True)
class Search:
    """What the list is asked for; anything unknown in the address falls back to the default."""

    kind: str
    state: str
    text: str
    sort: str

    @classmethod
    def from_params(cls, params: QueryDict) -> Search:
        """Read the address."""
        kind, state, sort = (params.get(key, "") for key in ("kind", "state", "sort"))
        return cls(
            kind=kind if kind in survey_kinds else "",
            state=state if state in State.values else "",
            text=params.get("q", "").replace("\x00", "").strip()[:200],
            sort=sort if sort in ORDERS else "-asked",
        )

    @property
    def order(self) -> tuple[str, ...]:
        """The fields for ``common.pagination.read_page``."""
        return ORDERS[self.sort]

    @property
    def is_narrowed(self) -> bool:
        """Whether something may be missing from the list because of what was asked."""
        return bool(self.kind or self.state or self.text)

    def find(self, access: Access) -> SurveyRequestQuerySet:
        """Return the requests asked for with account and people, unordered."""
        found = SurveyRequest.objects.filter(account__deleted_at=None)
        found = found.select_related("account", "asked_by", "withdrawn_by")
        found = found.annotate(account_name=F("account__name"))
        if self.kind:
            found = found.filter(kind=self.kind)
        if self.state:
            found = found.in_state(self.state)
        # A search tells what it finds, so it looks for people only where they may be read.
        told = Q(kind__in=[kind.key for kind in survey_kinds if access.allows(kind.category)])
        for word in self.text.split():
            person = Q(email__icontains=word) | Q(name__icontains=word) | Q(about__icontains=word)
            found = found.filter(Q(account__name__icontains=word) | told & person)
        return found


@dataclass
class Shown:
    """A request as one reader sees it."""

    request: SurveyRequest
    access: Access

    @cached_property
    def kind(self) -> SurveyKind | None:
        """What it is of, None where no app declares it any more."""
        return survey_kinds.get(self.request.kind)

    @property
    def kind_label(self) -> str:
        """The kind in words."""
        return self.kind.label if self.kind else self.request.kind

    @cached_property
    def who(self) -> Any:
        """Who was asked, or the mark that stands for it."""
        return self._guarded(self.request.name or self.request.email)

    @cached_property
    def email(self) -> Any:
        """Their address, or the mark that stands for it."""
        return self._guarded(self.request.email)

    @cached_property
    def about(self) -> Any:
        """What it was about, or the mark that stands for it."""
        return self._guarded(self.request.about)

    @cached_property
    def rating(self) -> Any:
        """What they answered, or the mark that stands for it."""
        return self._guarded(self.request.rating)

    @cached_property
    def comment(self) -> Any:
        """What they said with it, or the mark that stands for it."""
        return self._guarded(self.request.comment)

    @property
    def asked_by(self) -> str:
        """Who asked."""
        return str(self.request.asked_by) if self.request.asked_by else "ABE itself"

    @cached_property
    def state(self) -> State:
        """How it stands now."""
        return self.request.state

    @property
    def tone(self) -> str:
        """The colour of its state."""
        return TONES[self.state]

    @property
    def is_unsent(self) -> bool:
        """Whether its mail is still here."""
        return self.state == State.OPEN and self.request.sent_at is None

    @property
    def may_withdraw(self) -> bool:
        """Whether the reader may take it back now."""
        is_over = self.state in (State.ANSWERED, State.WITHDRAWN)
        return self.kind is not None and not is_over and may_ask(self.kind, self.access)

    def _guarded(self, value: Any) -> Any:
        return self.access.redact(value, self.kind.category if self.kind else Category.SUPPORT_HISTORY)


def surveys_table(search: Search, access: Access) -> Table:
    """Return the requests asked for as a table for a file, in the list's own order and redacted alike."""
    found = search.find(access).order_by(*search.order)
    return table_of("surveys", (Shown(row, access) for row in found.iterator(chunk_size=CHUNK)), COLUMNS)


COLUMNS = [
    ("id", "Survey", lambda each: each.request.pk),
    ("kind", "Kind", lambda each: each.kind_label),
    ("account_id", "Account id", lambda each: each.request.account_id),
    ("account", "Account", lambda each: each.request.account.name),
    ("who", "Asked", lambda each: each.who),
    ("email", "Address", lambda each: each.email),
    ("about", "About", lambda each: each.about),
    ("asked_at", "Asked at", lambda each: each.request.asked_at),
    ("asked_by", "Asked by", lambda each: each.asked_by),
    ("sent_at", "Sent at", lambda each: each.request.sent_at),
    ("expires_at", "Until", lambda each: each.request.expires_at),
    ("state", "State", lambda each: str(each.state.label)),
    ("rating", "Answer", lambda each: each.rating),
    ("comment", "Comment", lambda each: each.comment),
    ("answered_at", "Answered at", lambda each: each.request.answered_at),
]
