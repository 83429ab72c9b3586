"""Who changed which configuration, when, from what to what: read from the events that the database keeps.

A step is one row's change; a save is what one person changed in one section in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import groupby
from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone

from common.formatting import format_date, format_datetime
from common.history import EXISTING
from people.configuration.authors import COMMAND_LINE, author_id
from people.configuration.registry import ConfigSection, Tracked
from people.models import User

INSERTED, UPDATED, DELETED = "insert", "update", "delete"
NOTHING = "nothing"
UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a step in words."""

    field: str
    label: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.label} from {self.before} to {self.after}"


@dataclass(frozen=True)
class Step:
    """One row's change. ``before`` and ``after`` are events of it; None where it wasn't there, or isn't known."""

    tracked: Tracked
    event: Any
    before: Any
    after: Any

    @property
    def kind(self) -> str:
        """``insert``, ``update`` or ``delete``."""
        return str(self.event.pgh_label)

    @property
    def object_id(self) -> Any:
        """The key of the row."""
        return self.event.pgh_obj_id

    @cached_property
    def name(self) -> str:
        """Which row it is about."""
        return self.tracked.name(self.event)

    @cached_property
    def changed(self) -> list[str]:
        """The shown fields that differ; of an added or removed row all that say something."""
        if self.before is not None and self.after is not None:
            return [
                name
                for name in self.tracked.labels
                if getattr(self.before, name) != getattr(self.after, name)
            ]
        side = self.after if self.before is None else self.before
        return [name for name in self.tracked.labels if getattr(side, name) not in (None, "", [], {})]

    @cached_property
    def parts(self) -> list[Part]:
        """What changed, a field each; an added or removed row has one side alone."""
        return [
            Part(
                name,
                self.tracked.labels[name],
                self.words(name, self.before),
                self.words(name, self.after),
            )
            for name in self.changed
        ]

    def words(self, name: str, side: Any) -> str:
        """Return a field's value in words, nothing where the row wasn't there."""
        if side is None:
            return ""
        value = getattr(side, name)
        written = self.tracked.show.get(name)
        return written(value) if written else spoken(value)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that changed, in words: what, which field of it, from and to; ``what`` alone where it says all."""

    what: str
    field: str = ""
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        head = ", ".join(part for part in (self.what, self.field) if part)
        if not self.before and not self.after:
            return head
        if self.is_added:
            return f"{head} added: {self.after}"
        if self.is_removed:
            return f"{head} removed: {self.before}"
        return f"{head}: from {self.before} to {self.after}"

    @property
    def is_added(self) -> bool:
        """Whether the whole thing is new."""
        return not self.field and self.before == NOTHING

    @property
    def is_removed(self) -> bool:
        """Whether the whole thing is gone."""
        return not self.field and self.after == NOTHING

    @property
    def back(self) -> Line:
        """The line of taking it back."""
        return Line(self.what, self.field, self.after, self.before)


@dataclass(frozen=True)
class Save:
    """What was changed in one section at once."""

    section: ConfigSection
    at: datetime
    author_id: int | None
    author: str
    steps: Sequence[Step]

    @property
    def restore_url(self) -> str:
        """The page that shows what taking it back would do."""
        first = self.steps[0]
        model = first.tracked.model._meta.model_name
        return reverse("people:configuration_restore", args=[self.section.key, model, first.event.pgh_id])

    @cached_property
    def lines(self) -> list[Line]:
        """The save in words."""
        return lines_of(self.section, self.steps)


def lines_of(section: ConfigSection, steps: Sequence[Step]) -> list[Line]:
    """Return what steps changed in words, as the section tells it or a line a field."""
    return section.tell(steps) if section.tell else [line for step in steps for line in _lines(step)]


def _lines(step: Step) -> list[Line]:
    what = f"{step.tracked.noun} {step.name}".strip()
    if step.kind == UPDATED:
        return [Line(what, part.label, part.before or UNKNOWN, part.after) for part in step.parts]
    said = ", ".join(f"{part.label} {part.before or part.after}" for part in step.parts) or "there"
    return [Line(what, "", NOTHING, said) if step.kind == INSERTED else Line(what, "", said, NOTHING)]


def spoken(value: Any) -> str:
    """Return a plain value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, datetime):
        return format_datetime(value)
    if isinstance(value, date):
        return format_date(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return f"“{value}”" if isinstance(value, str) else str(value)


def steps_among(tracked: Tracked, events: Any) -> list[Step]:
    """Return the steps that ``events`` of a table are, each with the state it replaced, newest first.

    Two queries. What was there before the history was kept is no step, nor is an update of no shown field.
    """
    earlier = tracked.events.filter(pgh_obj_id=OuterRef("pgh_obj_id"), pgh_id__lt=OuterRef("pgh_id"))
    # Not a window function: a filter on other columns would cut the rows that it looks back on.
    found = list(
        events.exclude(pgh_label=EXISTING)
        .annotate(earlier_id=Subquery(earlier.order_by("-pgh_id").values("pgh_id")[:1]))
        .select_related("pgh_context")
        .order_by("-pgh_id")
    )
    before = tracked.events.in_bulk([row.earlier_id for row in found if row.earlier_id])
    steps = [_step(tracked, row, before.get(row.earlier_id)) for row in found]
    return [step for step in steps if step.kind != UPDATED or step.changed]


def _step(tracked: Tracked, row: Any, before: Any) -> Step:
    if row.pgh_label == DELETED:
        return Step(tracked, row, row, None)
    return Step(tracked, row, None if row.pgh_label == INSERTED else before, row)


def grouped(section: ConfigSection, steps: Iterable[Step]) -> list[Save]:
    """Return saves, newest first; the steps of each in the order in which they were made."""
    ordered = sorted(steps, key=lambda step: (step.event.pgh_created_at, step.event.pgh_id), reverse=True)
    groups = [
        list(rows)
        for _, rows in groupby(ordered, lambda step: (step.event.pgh_created_at, step.event.pgh_context_id))
    ]
    authors = {author for rows in groups if (author := author_id(rows[0].event))}
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=authors)}
    return [
        Save(
            section,
            rows[0].event.pgh_created_at,
            author_id(rows[0].event),
            names.get(author_id(rows[0].event) or 0, COMMAND_LINE),
            rows[::-1],
        )
        for rows in groups
    ]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the audit is asked for: sections, a person (0 for the command line), a day of the reader's zone."""

    sections: Sequence[ConfigSection]
    person: int | None = None
    day: date | None = None

    def narrow(self, events: Any) -> Any:
        """Filter a table's events by it."""
        events = events.exclude(pgh_label=EXISTING)
        if self.person:
            events = events.filter(pgh_context__metadata__user=self.person)
        elif self.person == 0:
            events = events.filter(Q(pgh_context=None) | Q(pgh_context__metadata__user=None))
        if self.day is not None:
            first = timezone.make_aware(datetime.combine(self.day, datetime.min.time()))
            last = timezone.make_aware(datetime.combine(self.day, datetime.max.time()))
            events = events.filter(pgh_created_at__range=(first, last))
        return events


Place = tuple[datetime, int]


def read_saves(
    asked: Asked, *, after: Place | None = None, size: int = 50
) -> tuple[list[Save], Place | None]:
    """Return up to ``size`` saves, newest first, beyond the place ``after``, and where the next page begins.

    One query finds them, and two read each table that has some.
    """
    stamps: set[Place] = set()
    for place, section in enumerate(asked.sections):
        for tracked in section.tracks:
            events = asked.narrow(tracked.events)
            if after is not None:
                # Sections that were changed in one transaction follow one another by their place.
                way = "lt" if place <= after[1] else "lte"
                events = events.filter(**{f"pgh_created_at__{way}": after[0]})
            times = events.order_by("-pgh_created_at").values_list("pgh_created_at", flat=True)
            stamps |= {(at, place) for at in times.distinct()[: size + 1]}
    ordered = sorted(stamps, key=lambda stamp: (-stamp[0].timestamp(), stamp[1]))
    wanted = ordered[:size]
    saves: list[Save] = []
    for place, section in enumerate(asked.sections):
        times = [at for at, each in wanted if each == place]
        if times:
            steps = [
                step
                for tracked in section.tracks
                for step in steps_among(
                    tracked, asked.narrow(tracked.events).filter(pgh_created_at__in=times)
                )
            ]
            saves += grouped(section, steps)
    saves.sort(key=lambda save: save.at, reverse=True)
    return saves, wanted[-1] if len(ordered) > size else None


def find_save(section: ConfigSection, tracked: Tracked, pgh_id: int) -> Save | None:
    """Return the save that an event belongs to."""
    event = tracked.events.filter(pgh_id=pgh_id).exclude(pgh_label=EXISTING).first()
    if event is None:
        return None
    steps = [
        step
        for each in section.tracks
        for step in steps_among(
            each,
            each.events.filter(pgh_created_at=event.pgh_created_at, pgh_context_id=event.pgh_context_id),
        )
    ]
    found = grouped(section, steps)
    return found[0] if found else None


def saves_of(section: ConfigSection, tracked: Tracked, object_id: Any, *, size: int = 20) -> list[Save]:
    """Return the newest saves of one row, newest first."""
    events = tracked.events.filter(pgh_obj_id=object_id).order_by("-pgh_id")
    newest = list(events.values_list("pgh_id", flat=True)[:size])
    return grouped(section, steps_among(tracked, tracked.events.filter(pgh_id__in=newest)))
