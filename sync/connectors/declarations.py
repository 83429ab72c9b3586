"""What a connector says about its system, and what it brings."""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

Cursor = dict[str, Any]


class Clock:
    """Time and chance, so that tests wait for nothing."""

    def now(self) -> datetime:
        """Return the moment."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def chance(self) -> float:
        """Return a number from 0 to below 1."""
        return random.random()


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing to know of a system before it can be asked; ``ways`` are the ways of signing in that need it.

    ``hosts`` are the domains below which an address may lie. ``for_tests`` settings are asked for only where
    ``ABE_CONNECTORS_ALLOW_HOSTS`` allows other hosts.
    """

    key: str
    label: str
    help: str = ""
    is_secret: bool = False
    is_required: bool = True
    is_long: bool = False
    default: str = ""
    ways: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    for_tests: bool = False

    def applies(self, way: str) -> bool:
        """Return whether signing in by ``way`` needs it."""
        return not self.ways or way in self.ways


@dataclass(frozen=True, slots=True)
class Mapped:
    """Their field ``source`` fills our field ``target``; ``values`` translates their words into ours."""

    source: str
    target: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceField:
    """A field that the system has; ``is_custom`` where the customer added it."""

    name: str
    label: str
    kind: str = ""
    is_custom: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """The records of one of our resources that an object of theirs becomes, with the usual mapping."""

    resource: str
    mapped: tuple[Mapped, ...]


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of object that the system lists by change.

    ``fields`` are those that the schema doesn't name: computed ones, or all where there is no schema to ask.
    ``overlap`` is read again on each run, for clocks that differ and for changes that show late.
    """

    key: str
    label: str
    parts: tuple[Part, ...]
    fields: tuple[SourceField, ...] = ()
    overlap: timedelta = timedelta(minutes=5)
    note: str = ""


@dataclass(slots=True)
class Item:
    """One record of theirs as it stood at ``changed_at``: its fields by name, or only its end."""

    resource: str
    external_id: str
    changed_at: datetime | None
    values: dict[str, Any] = field(default_factory=dict)
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """All records of ``resource`` that now belong to one parent: what else we hold of it has ended.

    ``reference`` is the field of ours that names the parent.
    """

    resource: str
    reference: str
    parent_id: str
    kept: frozenset[str]
    ended_at: datetime


@dataclass(slots=True)
class Page:
    """What one call brought, and the cursor of the next; ``is_last`` where this pass is through."""

    items: list[Item]
    cursor: Cursor
    is_last: bool
    families: list[Family] = field(default_factory=list)


class Session(ABC):
    """A conversation with one system: signed in at first need, closed at the end."""

    @abstractmethod
    def sign_in(self) -> None:
        """Get a fresh token. Raises BadCredentials where the system refuses, or where there is none to get."""

    @abstractmethod
    def test(self) -> str:
        """Return whose system this is, in a few words; raises ConnectorError."""

    @abstractmethod
    def describe(self, stream: Stream) -> list[SourceField]:
        """Return the fields that records of ``stream`` have, custom ones included."""

    @abstractmethod
    def fetch(self, stream: Stream, cursor: Cursor, fields: Collection[str]) -> Page:
        """Return the next page after ``cursor``, which is empty at the very start.

        Raises CursorExpired where the system has forgotten it.
        """

    def restart(self, stream: Stream, cursor: Cursor) -> Cursor:
        """Return where to go on from when the system no longer takes ``cursor``."""
        return {}

    @abstractmethod
    def close(self) -> None:
        """Let go of connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Connector(ABC):
    """A system that can be pulled from."""

    key: str
    label: str
    about: str
    permissions: str
    ways: tuple[tuple[str, str], ...] = ()
    settings: tuple[Setting, ...]
    streams: tuple[Stream, ...]

    @abstractmethod
    def open(self, config: Mapping[str, str], clock: Clock) -> Session:
        """Return a session; nothing is asked before its first use."""

    def stream(self, key: str) -> Stream | None:
        """Return the object known by ``key``."""
        return next((stream for stream in self.streams if stream.key == key), None)

    def secrets(self) -> set[str]:
        """Return the keys of the settings that are secrets."""
        return {setting.key for setting in self.settings if setting.is_secret}
