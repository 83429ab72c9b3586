"""What a file may hold: small checks that name the place, what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from people.configuration.registry import Problem

CHOICES_SHOWN = 12


class Shape(Protocol):
    """Checks a value of a file."""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        """Yield what is wrong with ``value``, which stands at ``path``."""
        ...


@dataclass(frozen=True)
class Text:
    """A text, one of ``choices`` where given."""

    longest: int = 500
    choices: Collection[str] = ()
    may_be_empty: bool = False

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem(path, f"must be a text, not {kind_of(value)}.", "Put it in quotes.")
        elif self.choices and value not in self.choices:
            yield Problem(path, f"“{value[:60]}” is not known here.", f"Use {listed(self.choices)}.")
        elif not value.strip() and not self.may_be_empty:
            yield Problem(path, "must not be empty.")
        elif len(value) > self.longest:
            yield Problem(path, f"is longer than {self.longest} characters.")
        elif "\x00" in value:
            yield Problem(path, "holds a character that can't be stored.")


@dataclass(frozen=True)
class Number:
    """A number between two others, both included; ``is_whole`` takes no fraction."""

    least: float = -1e15
    most: float = 1e15
    is_whole: bool = False

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            yield Problem(path, f"must be a number, not {kind_of(value)}.")
        elif not self.least <= value <= self.most:
            yield Problem(path, f"must be from {self.least:g} to {self.most:g}.")
        elif self.is_whole and value != int(value):
            yield Problem(path, "must be a whole number.")


@dataclass(frozen=True)
class Boolean:
    """true or false."""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, bool):
            yield Problem(path, f"must be true or false, not {kind_of(value)}.")


@dataclass(frozen=True)
class Anything:
    """A value that the section reads by itself, which says what is wrong with it."""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        yield from ()


ANYTHING = Anything()


@dataclass(frozen=True)
class Nullable:
    """A shape, or null."""

    shape: Shape

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if value is not None:
            yield from self.shape.problems(value, path)


@dataclass(frozen=True)
class ListOf:
    """A list of one shape."""

    shape: Shape
    least: int = 0
    most: int = 1000

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(path, f"must be a list, not {kind_of(value)}.", "Begin each line with “- ”.")
            return
        if not self.least <= len(value) <= self.most:
            yield Problem(path, f"must have from {self.least} to {self.most} entries.")
            return
        for place, each in enumerate(value):
            yield from self.shape.problems(each, f"{path}[{place}]")


@dataclass(frozen=True)
class MapOf:
    """Names with values of one shape; of ``choices`` where given."""

    shape: Shape
    choices: Collection[str] = ()
    most: int = 1000

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, Mapping):
            yield Problem(path, f"must be names with values, not {kind_of(value)}.")
            return
        if len(value) > self.most:
            yield Problem(path, f"must have {self.most} names at most.")
            return
        for key, each in value.items():
            if not isinstance(key, str) or (self.choices and key not in self.choices):
                yield unknown(f"{path}.{key}", self.choices)
            else:
                yield from self.shape.problems(each, f"{path}.{key}")


@dataclass(frozen=True)
class Record:
    """Names each with a shape of its own; ``optional`` ones may be left out, unknown ones are refused."""

    members: Mapping[str, Shape]
    optional: Mapping[str, Shape] = field(default_factory=dict)

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, Mapping):
            yield Problem(path, f"must be names with values, not {kind_of(value)}.")
            return
        known = {**self.members, **self.optional}
        for key in value:
            if key not in known:
                yield unknown(f"{path}.{key}", known)
        for key in self.members:
            if key not in value:
                yield Problem(f"{path}.{key}", "is missing.", "A section in a file is whole: add it.")
        for key, shape in known.items():
            if key in value:
                yield from shape.problems(value[key], f"{path}.{key}")


def unknown(path: str, known: Collection[str]) -> Problem:
    """Return the problem of a name that nobody knows."""
    return Problem(
        path, "is not known here.", f"Use {listed(known)}." if known else "Use a text for the name."
    )


def listed(choices: Collection[str]) -> str:
    """Return choices as people read them, the first dozen."""
    shown = sorted(choices)[:CHOICES_SHOWN]
    more = len(choices) - len(shown)
    return (
        ", ".join(shown[:-1]) + f" or {shown[-1]}"
        if not more and len(shown) > 1
        else (", ".join(shown) + (f" or {more} others" if more else ""))
    )


def kind_of(value: Any) -> str:
    """Return what a value of a file is, in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    words = {str: "a text", int: "a number", float: "a number", list: "a list", dict: "names with values"}
    return words.get(type(value), f"a {type(value).__name__}")
