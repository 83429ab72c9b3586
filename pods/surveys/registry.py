"""What customers can be asked. An app declares its kinds in ``<app>/survey_kinds.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from common.registry import Registry

if TYPE_CHECKING:
    from accounts.models import Account
    from pods.surveys.models import SurveyRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """Somebody who can be asked about something.

    ``subject_id`` is the object asked about, such as a ticket or a contact, ``about`` what the mail calls it (empty
    where it asks about us as a whole) and ``label`` what the choice says.
    """

    subject_id: int
    account_id: int
    email: str
    label: str
    name: str = ""
    about: str = ""


def _never(since: datetime, quiet_since: datetime) -> Iterable[int]:
    return ()


def _nowhere(subject_id: int) -> bool:
    return False


@dataclass(frozen=True, kw_only=True, slots=True)
class SurveyKind:
    """A kind of survey: one question answered by a whole number from ``lowest`` to ``highest``, with a comment.

    ``category`` is what a reader must be allowed to read to see who was asked and what they said. ``candidates`` are
    those of an account who can be asked, the likeliest first, ``find`` is one of them by what they are asked about.
    ``record`` returns the fields of the answer's record in ``resource``, by which numbers and the API know it.
    ``last_asked`` says when an address was last asked after a time, by whatever system. Where ``asks_once``, nobody is
    asked a second time about the same, nor where it ``is_answered_elsewhere``.

    ``due`` returns what can be asked by itself about what happened after the first time to those not asked after the
    second; ``when`` says that in words, and is empty where only people ask.
    """

    key: str
    label: str
    category: str
    resource: str
    lowest: int
    highest: int
    low: str
    high: str
    subject: Callable[[str], str]
    question: Callable[[str], str]
    candidates: Callable[[Account], list[Candidate]]
    find: Callable[[int], Candidate | None]
    record: Callable[[SurveyRequest], Mapping[str, Any]]
    last_asked: Callable[[str, datetime], datetime | None]
    is_answered_elsewhere: Callable[[int], bool] = _nowhere
    asks_once: bool = False
    quiet_days: int = 30
    due: Callable[[datetime, datetime], Iterable[int]] = _never
    when: str = ""

    @property
    def steps(self) -> range:
        """The answers that can be given."""
        return range(self.lowest, self.highest + 1)


survey_kinds: Registry[SurveyKind] = Registry("kind of survey", "survey_kinds")
