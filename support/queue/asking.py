"""What the address of the queue asks for: filters and a state, each read strictly; what can't be read is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict

from accounts.listing.spec import MISSING
from accounts.lists.models import SavedView
from accounts.lists.opening import open_view
from accounts.lists.view_pages import Kept
from accounts.models import Account, Tier
from common.formatting import format_date
from common.params import read_key
from people.models import User
from support.models import Priority, QueuePlace, SlaMetric, Status, SupportTeam
from support.models.queue import PAUSED_AT
from support.querysets import DONE

SOON = timedelta(hours=1)
STATES: Mapping[str, str] = {
    "over": "Out of time",
    "soon": "Due within 1 h",
    "later": "Due later",
    "paused": "Paused",
    "idle": "Nothing promised",
}
WITHIN: Mapping[str, str] = {"1": "1 hour", "4": "4 hours", "8": "8 hours", "24": "24 hours", "72": "3 days"}
WHO: Mapping[str, str] = {"mine": "Me", "nobody": "Nobody"}
OPEN_STATUSES = [(value, str(label)) for value, label in Status.choices if value not in DONE]
HOUR = "%Y-%m-%dT%H"
FIRST_YEAR = 2000
MOST_VALUES = 20
PLACE = ("after", "before")
# The page of its saved views.
VIEWS = "support.queue"
# An hour is over soon.
NEVER_KEPT = ("hour",)
# Every parameter that narrows the queue, in the order in which it is told.
FILTERS: Mapping[str, str] = {
    "state": "State",
    "team": "Team",
    "who": "With",
    "priority": "Priority",
    "status": "Status",
    "tier": "Tier",
    "metric": "Clock",
    "within": "Due within",
    "hour": "Due in the hour from",
    "account": "Account",
}
MANY = ("priority", "status", "tier")


@dataclass
class Asked:
    """The queue as one reader asks for it at ``now``; what was left out stands in ``problems``, in words.

    ``view`` is the saved view that it began with. A view of which something was left out, or that the reader can't
    see, shows nothing rather than more than it means: ``closed`` says why. Without a ``user`` it is only told in words.
    """

    params: QueryDict
    user: User | None
    now: datetime
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.params = self.params.copy()
        self.view, is_missing = (
            open_view(self.params, self.user, VIEWS) if self.user is not None else (None, False)
        )
        self.closed = MISSING if is_missing else ""
        self.given: dict[str, list[str]] = {}
        self.words: dict[str, dict[str, str]] = {}
        for name in FILTERS:
            texts = [
                text.replace("\x00", "").strip()[:100] for text in self.params.getlist(name)[:MOST_VALUES]
            ]
            texts = list(dict.fromkeys(text for text in texts if text))
            if name not in MANY:
                texts = texts[:1]
            known = {text: said for text in texts if (said := self._read(name, text))}
            for text in texts:
                if text not in known:
                    self.problems.append(f"{FILTERS[name]} “{text[:40]}” was left out: there is none such.")
            if known:
                self.given[name], self.words[name] = list(known), known
        if self.view is not None and self.problems:
            self.closed = " ".join(self.problems)
            self.problems.clear()

    def _read(self, name: str, text: str) -> str:
        """Return a value in words, empty where there is none such."""
        if name == "account":
            return self._account_words(text)
        if name == "hour":
            hour = hour_of(text)
            return f"{format_date(hour)}, {hour:%H}:00 UTC" if hour else ""
        if name == "who" and text not in WHO:
            return User.objects.filter(pk=read_key(text)).values_list("name", flat=True).first() or ""
        return self.choices[name].get(text, "")

    def _account_words(self, text: str) -> str:
        key = read_key(text)
        if not key:
            return f"“{text}”"
        return Account.objects.live().filter(pk=key).values_list("name", flat=True).first() or ""

    @cached_property
    def teams(self) -> list[SupportTeam]:
        """All teams by name, the general one last; one query."""
        return list(SupportTeam.objects.order_by("is_general", "name"))

    @cached_property
    def choices(self) -> dict[str, dict[str, str]]:
        """The values that each filter offers; two queries."""
        return {
            "state": dict(STATES),
            "team": {str(one.pk): one.name for one in self.teams} | {"none": "No team"},
            "who": dict(WHO),
            "priority": {value: str(label) for value, label in Priority.choices},
            "status": dict(OPEN_STATUSES),
            "tier": {one.slug: one.label for one in Tier.objects.order_by("rank")} | {"none": "No tier"},
            "metric": {value: str(label) for value, label in SlaMetric.choices},
            "within": dict(WITHIN),
        }

    @property
    def state(self) -> str:
        """The state that is shown alone, empty for all."""
        return next(iter(self.given.get("state", ())), "")

    @property
    def is_narrowed(self) -> bool:
        """Whether anything narrows the queue."""
        return bool(self.given)

    def places(self, *, state: str | None = None) -> QuerySet[QueuePlace]:
        """Return the places that match, without an order; ``state`` instead of the one asked for, empty for any."""
        if self.closed:
            return QueuePlace.objects.none()
        found = QueuePlace.objects.shown()
        for name, texts in self.given.items():
            if name != "state":
                found = found.filter(NARROW[name](self, texts))
        wanted = self.state if state is None else state
        return found.filter(self.in_state(wanted)) if wanted else found

    def in_state(self, state: str) -> Q:
        """Return the condition of a state as of now."""
        soon = self.now + SOON
        return {
            "over": Q(order_at__lte=self.now),
            "soon": Q(order_at__gt=self.now, order_at__lte=soon),
            "later": Q(order_at__gt=soon, order_at__lt=PAUSED_AT),
            "paused": Q(order_at=PAUSED_AT),
            "idle": Q(order_at__gt=PAUSED_AT),
        }[state]

    def url(self, **changes: str | None) -> str:
        """Return the query with some parameters changed, dropped where None; it starts at the top."""
        params = self.params.copy()
        for name in (*PLACE, "export", "view"):
            params.pop(name, None)
        for name, value in changes.items():
            if value is None:
                params.pop(name, None)
            else:
                params[name] = value
        return f"?{params.urlencode()}"

    def without(self, name: str, text: str) -> str:
        """Return the query without one value of a filter."""
        rest = [one for one in self.given.get(name, ()) if one != text]
        params = self.params.copy()
        for key in (*PLACE, "export"):
            params.pop(key, None)
        params.setlist(name, rest)
        return f"?{params.urlencode()}"

    @cached_property
    def views(self) -> list[SavedView]:
        """The saved views of the queue that the reader sees, their own first; one query."""
        if self.user is None:
            return []
        return SavedView.objects.shown_to(self.user).of_page(VIEWS).in_order_of(self.user)

    @property
    def is_changed(self) -> bool:
        """Whether something else is shown than the view that it began with."""
        return self.view is not None and kept_of(self) != self.view.params

    def chips(self) -> list[dict[str, str]]:
        """Return the filters in force, each with the address that drops it; the state has its own place."""
        return [
            {"label": FILTERS[name], "value": said, "remove_url": self.without(name, text)}
            for name, held in self.words.items()
            if name != "state"
            for text, said in held.items()
        ]

    def controls(self) -> list[dict[str, Any]]:
        """Return the controls of the filter form, each with what is chosen."""
        kinds = {"priority": "choices", "status": "choices", "tier": "choices"}
        return [
            {
                "key": name,
                "label": FILTERS[name],
                "kind": kinds.get(name, "select"),
                "choices": [
                    {"value": value, "label": label, "is_chosen": value in self.given.get(name, ())}
                    for value, label in self._offered(name)
                ],
            }
            for name in ("team", "who", "metric", "within", "priority", "status", "tier")
        ]

    def _offered(self, name: str) -> Sequence[tuple[str, str]]:
        offered = list(self.choices[name].items())
        # Somebody else is chosen by a link, and stays chosen in the form.
        return offered + [pair for pair in self.words.get(name, {}).items() if pair not in offered]


def kept_of(asked: Asked) -> Kept:
    """Return what a saved view keeps of the address: all filters but those that pass with time."""
    return {name: sorted(texts) for name, texts in asked.given.items() if name not in NEVER_KEPT}


def hour_of(text: str) -> datetime | None:
    """Return the hour that a parameter names, in UTC; None where it names none."""
    try:
        hour = datetime.strptime(f"{text}+0000", f"{HOUR}%z")
    except ValueError:
        return None
    return hour if FIRST_YEAR <= hour.year < PAUSED_AT.year else None


def _team(_: Asked, texts: Sequence[str]) -> Q:
    return Q(team=None) if texts[0] == "none" else Q(team=read_key(texts[0]))


def _who(asked: Asked, texts: Sequence[str]) -> Q:
    if texts[0] == "nobody":
        return Q(engineer=None)
    key = read_key(texts[0])
    if texts[0] == "mine" and asked.user is not None:
        key = asked.user.pk
    return Q(engineer=key)


def _tier(_: Asked, texts: Sequence[str]) -> Q:
    path = "ticket__account__standing__tier"
    named = Q(**{f"{path}__slug__in": [text for text in texts if text != "none"]})
    return named | Q(**{path: None}) if "none" in texts else named


def _within(asked: Asked, texts: Sequence[str]) -> Q:
    return Q(order_at__lte=asked.now + timedelta(hours=int(texts[0])))


def _hour(asked: Asked, texts: Sequence[str]) -> Q:
    hour = hour_of(texts[0])
    assert hour is not None
    # Of the hour that runs what is over already is not to come any more.
    return Q(order_at__gte=hour, order_at__lt=hour + timedelta(hours=1)) & Q(order_at__gt=asked.now)


def _account(_: Asked, texts: Sequence[str]) -> Q:
    key = read_key(texts[0])
    if key:
        return Q(ticket__account=key)
    return Q(ticket__account__in=Account.objects.live().named_like(texts[0]).values("pk"))


NARROW: Mapping[str, Callable[[Asked, Sequence[str]], Q]] = {
    "team": _team,
    "who": _who,
    "priority": lambda _, texts: Q(ticket__priority__in=texts),
    "status": lambda _, texts: Q(ticket__status__in=texts),
    "tier": _tier,
    "metric": lambda _, texts: Q(metric=texts[0]),
    "within": _within,
    "hour": _hour,
    "account": _account,
}
