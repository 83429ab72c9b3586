"""Sections of the configuration: which tables they are, how a change reads, and how they go into a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Model

from common.registry import Registry

if TYPE_CHECKING:
    from people.configuration.history import Line, Step
    from people.configuration.shapes import Shape
    from people.models import User


class ConfigError(Exception):
    """A file or a change that can't be taken; ``problems`` say where, what and what to do."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place of a file; ``path`` as in ``access.sales.revenue``."""

    path: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (f"{self.path}: {self.message}", self.remedy) if part)


@dataclass(frozen=True, kw_only=True)
class Tracked:
    """One table whose history the database keeps (``pghistory.track``).

    ``name`` says which row it is about, from an event of it. ``labels`` are the fields that people are shown,
    in order; ``show`` writes a field's value in words where its plain text won't do.
    """

    model: type[Model]
    noun: str
    name: Callable[[Any], str]
    labels: Mapping[str, str]
    show: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)

    @property
    def rows(self) -> Any:
        """The manager of the table itself."""
        return self.model._default_manager  # noqa: SLF001 - Django's own name for it

    @property
    def events(self) -> Any:
        """The manager of the table's events."""
        return self.model.pgh_event_model.objects  # type: ignore[attr-defined]


@dataclass(frozen=True, kw_only=True)
class ConfigFile:
    """How a section goes into a file and comes back.

    ``export`` returns plain data that ``shape`` accepts. ``plan`` says in words what ``apply`` would change, the
    empty list where nothing; it raises ConfigError for what fits the shape but not this installation, with paths
    below the section. ``apply`` runs inside the caller's transaction. What takes effect by being published is left
    a draft unless ``is_published``. A section in a file is whole: what it doesn't name is taken away.
    """

    shape: Shape
    export: Callable[[], Any]
    plan: Callable[[Any, bool], list[str]]
    apply: Callable[[Any, User | None, bool], None]


@dataclass(frozen=True, kw_only=True)
class ConfigSection:
    """One part of the configuration.

    ``undo`` takes back the steps of one save as the section's own services would, and raises ValidationError or
    ConfigError where they refuse; without it, ``no_undo`` says why. ``effect`` tells what taking them back does
    beyond the rows. ``blocks`` says what speaks against it where comparing row by row won't do, and
    ``tell`` says in words what steps changed. ``url_name`` is the page where people change it. Where it says what not
    everybody may know, ``category`` names the data that its history takes, and a file has it only where it is named.
    """

    key: str
    label: str
    url_name: str = ""
    category: str | None = None
    tracks: Sequence[Tracked] = ()
    undo: Callable[[Sequence[Step], User], None] | None = None
    no_undo: str = ""
    effect: Callable[[Sequence[Step]], list[str]] | None = None
    blocks: Callable[[Sequence[Step]], list[str]] | None = None
    tell: Callable[[Sequence[Step]], list[Line]] | None = None
    file: ConfigFile | None = None

    @property
    def is_undoable(self) -> bool:
        """Whether changes can be taken back here; templates would call ``undo`` itself."""
        return self.undo is not None


sections: Registry[ConfigSection] = Registry("configuration section", "config")
