"""What the audit page is asked for, and the audit as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.http import QueryDict

from common.export import Table, table_of
from people.access import EVERYTHING, Access
from people.configuration.history import Asked, Line, Place, Save, read_saves
from people.configuration.registry import ConfigSection, sections
from people.models import User

COMMAND_LINE_KEY = "program"
PAGE_SIZE = 40
CHUNK = 200


@dataclass(frozen=True, slots=True)
class Search:
    """What the audit is asked for; anything unknown in the URL falls back to everything that ``access`` may read."""

    section: str
    person: str
    day: date | None
    after: Place | None
    access: Access = EVERYTHING

    @classmethod
    def from_params(cls, params: QueryDict, access: Access = EVERYTHING) -> Search:
        """Read the URL."""
        section, person = params.get("section", ""), params.get("person", "")
        is_number = person.isascii() and person.isdigit() and len(person) <= 18
        return cls(
            section=section if section in {one.key for one in tracked_sections(access)} else "",
            person=person if is_number or person == COMMAND_LINE_KEY else "",
            day=_day(params.get("day", "")),
            after=_place(params.get("after", "")),
            access=access,
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether something may be missing because of what was asked."""
        return bool(self.section or self.person or self.day)

    @property
    def asked(self) -> Asked:
        """What to read."""
        chosen = [sections[self.section]] if self.section else tracked_sections(self.access)
        person = None if not self.person else 0 if self.person == COMMAND_LINE_KEY else int(self.person)
        return Asked(chosen, person, self.day)

    def page(self) -> tuple[list[Save], str]:
        """Return a page of saves and the cursor of the next one, empty at the end."""
        saves, last = read_saves(self.asked, after=self.after, size=PAGE_SIZE)
        return saves, "" if last is None else f"{last[0].isoformat()}~{last[1]}"


def tracked_sections(access: Access = EVERYTHING) -> list[ConfigSection]:
    """Return the sections whose history is kept and may be read."""
    return [section for section in sections if section.tracks and access.allows(section.category)]


def closed_sections(access: Access) -> dict[str, str]:
    """Return why a reader doesn't see the history of some sections, by their label."""
    return {
        section.label: access.why_not(section.category)
        for section in sections
        if section.tracks and section.category is not None and not access.allows(section.category)
    }


def authors() -> Sequence[User]:
    """Return who may have changed something: whoever is or was of RevOps, and anybody who kept a profile."""
    return list(User.objects.order_by("name", "pk"))


def audit_table(search: Search) -> Table:
    """Return the audit as a table for a file: a row for each thing that changed, newest first."""

    def rows() -> Iterator[tuple[Save, Line]]:
        after: Place | None = None
        while True:
            saves, after = read_saves(search.asked, after=after, size=CHUNK)
            for save in saves:
                for line in save.lines:
                    yield save, line
            if after is None:
                return

    return table_of(
        "configuration-changes",
        rows(),
        [
            ("at", "When", lambda each: each[0].at),
            ("author", "Who", lambda each: each[0].author),
            ("section", "Section", lambda each: each[0].section.label),
            ("what", "What", lambda each: each[1].what),
            ("field", "Field", lambda each: each[1].field),
            ("before", "Before", lambda each: each[1].before),
            ("after", "After", lambda each: each[1].after),
        ],
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Days at the ends of the calendar have no moment in every time zone.
    return day if 1970 <= day.year <= 9000 else None


def _place(text: str) -> Place | None:
    moment, _, place = text.partition("~")
    try:
        at = datetime.fromisoformat(moment)
        number = int(place)
    except ValueError:
        return None
    return (at, number) if at.tzinfo is not None and 1970 <= at.year <= 9000 and 0 <= number < 1000 else None
