"""Configuration as a YAML file: write it, read it back, say what would change, change it in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import pghistory
import yaml
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, sections
from people.configuration.shapes import unknown
from people.models import User

FORMAT = "abe_configuration"
VERSION = 1
MAX_BYTES = 1_000_000
LOCK = crc32(b"people.configuration.import") - 2**31
HEAD = "# Configuration of ABE, written by `manage.py config export`. Import it with `manage.py config import`.\n"


@dataclass(frozen=True, slots=True)
class Planned:
    """What importing one section of a file would do: its data, and the changes in words."""

    section: ConfigSection
    file: ConfigFile
    data: Any
    changes: Sequence[str]


def exportable() -> list[ConfigSection]:
    """Return the sections that go into a file."""
    return [section for section in sections if section.file is not None]


def is_written(section: ConfigSection, keys: Sequence[str]) -> bool:
    """Return whether a file of the sections ``keys`` has one; without any, what not everybody may know is left out."""
    return section.key in keys or (not keys and section.category is None)


def export_yaml(keys: Sequence[str] = ()) -> str:
    """Return the sections named, or all that everybody may know, as YAML; the same text for the same configuration.

    Raises ConfigError for an unknown section.
    """
    known = {section.key: section for section in exportable()}
    if problems := [unknown(key, known) for key in keys if key not in known]:
        raise ConfigError(problems)
    document: dict[str, Any] = {FORMAT: VERSION}
    for section in known.values():
        if section.file is not None and is_written(section, keys):
            document[section.key] = section.file.export()
    return HEAD + yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def read_yaml(text: str | bytes) -> dict[str, Any]:
    """Read a file and check it against the sections' shapes; return its data by section.

    Raises ConfigError with every problem found. Nothing of the file is ever run: only plain values are read, and
    neither references nor tags.
    """
    if len(text) > MAX_BYTES:
        raise ConfigError([Problem("file", f"is larger than {MAX_BYTES:,} bytes.", "Split it by section.")])
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with fewer liberties
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "file"
        raise ConfigError([Problem(place, error.problem or "is no YAML.")]) from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise ConfigError([Problem("file", f"is no YAML: {str(error)[:200]}")]) from error
    except RecursionError as error:
        raise ConfigError([Problem("file", "is nested too deeply.")]) from error
    return _checked(document)


def plan_import(data: Mapping[str, Any], *, is_published: bool = False) -> list[Planned]:
    """Say what importing would change; changes nothing. Raises ConfigError with the problems of all sections."""
    planned, problems = [], []
    for section in exportable():
        if section.key not in data or section.file is None:
            continue
        try:
            changes = section.file.plan(data[section.key], is_published)
        except ConfigError as error:
            problems += [_below(section, problem) for problem in error.problems]
        else:
            planned.append(Planned(section, section.file, data[section.key], changes))
    if problems:
        raise ConfigError(problems)
    return planned


@transaction.atomic
def apply_import(
    data: Mapping[str, Any], *, by: User | None = None, is_published: bool = False
) -> list[Planned]:
    """Import all of it or nothing; return what was changed.

    One import at a time (an advisory lock). Raises ConfigError where a section refuses.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    planned = plan_import(data, is_published=is_published)
    with pghistory.context(user=None if by is None else by.pk):
        for each in planned:
            if not each.changes:
                continue
            try:
                each.file.apply(each.data, by, is_published)
            except ConfigError as error:
                raise ConfigError([_below(each.section, problem) for problem in error.problems]) from error
            except ValidationError as error:
                said = [Problem(each.section.key, message) for message in error.messages]
                raise ConfigError(said) from error
    return planned


def _checked(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict) or FORMAT not in document:
        raise ConfigError(
            [Problem("file", "is no configuration of ABE.", f"It must begin with “{FORMAT}: {VERSION}”.")]
        )
    if document[FORMAT] != VERSION:
        raise ConfigError(
            [Problem(FORMAT, f"must be {VERSION}.", "The file is of another version of ABE: export anew.")]
        )
    known = {section.key: section for section in exportable()}
    problems: list[Problem] = []
    for key, value in document.items():
        if key == FORMAT:
            continue
        section = known.get(key) if isinstance(key, str) else None
        if section is None or section.file is None:
            problems.append(unknown(str(key), known))
        else:
            problems += section.file.shape.problems(value, section.key)
    if problems:
        raise ConfigError(problems)
    return {key: value for key, value in document.items() if key != FORMAT}


def _below(section: ConfigSection, problem: Problem) -> Problem:
    path = f"{section.key}.{problem.path}" if problem.path else section.key
    return Problem(path, problem.message, problem.remedy)


class _Loader(yaml.SafeLoader):
    """Reads plain values; a reference or a name given twice is an error, for both hide what a file says.

    What looks like a day stays text, as it was written.
    """

    yaml_implicit_resolvers = {
        start: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for start, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="is a reference. Write it out.", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name in seen or name is None or name == "<<":
                said = f"“{name}” is named twice." if name in seen else "is no plain name."
                raise yaml.MarkedYAMLError(problem=said, problem_mark=key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """Writes plain values, with lists indented below their name and without references."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True
