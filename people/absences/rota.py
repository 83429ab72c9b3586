"""Who is away at a moment and who works in their place: what routing, escalation and pages ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from common.formatting import format_date
from common.periods import end_of
from people.absences.models import Absence
from people.models import User


def seen_at(day: date | None) -> datetime:
    """Return the moment at which a page that shows a day sees who is away: the last of the day, or now."""
    now = timezone.now()
    return now if day is None else min(now, end_of(day) - timedelta(microseconds=1))


@dataclass(frozen=True, slots=True)
class Rota:
    """The absences that hold at a moment, by the key of the person who is away."""

    at: datetime
    away: Mapping[int, Absence]

    @classmethod
    def read(cls, at: datetime | None = None) -> Rota:
        """Read who is away at a moment, by default now; one query."""
        moment = at or timezone.now()
        return cls(moment, {each.person_id: each for each in Absence.objects.on(moment)})

    def is_away(self, person_id: int) -> bool:
        """Return whether somebody is away."""
        return person_id in self.away

    def at_work_for(self, person: User) -> User | None:
        """Return who does the work of a person: they themselves while they are here, else who stands in.

        A stand-in who is away is followed to theirs, never in a circle. None where nobody is left, or whoever would
        be can't sign in any more.
        """
        seen: set[int] = set()
        now: User | None = person
        while now is not None and now.pk in self.away and now.pk not in seen:
            seen.add(now.pk)
            now = self.away[now.pk].stand_in
        return None if now is None or now.pk in seen or not now.is_active else now

    def told(self, person_id: int) -> str:
        """Return in words until when somebody is away and who stands in; nothing while they are here."""
        absence = self.away.get(person_id)
        if absence is None:
            return ""
        instead = self.at_work_for(absence.person)
        stands = f"{instead} stands in" if instead else "nobody stands in"
        return f"{self.until(person_id)}, {stands}"

    def until(self, person_id: int) -> str:
        """Return in words until when somebody is away; nothing while they are here."""
        absence = self.away.get(person_id)
        return f"away until {format_date(absence.ends_on)}" if absence else ""
