"""When customers are asked, as a section of the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from common.formatting import format_count, format_datetime
from people.configuration.history import Line
from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked
from people.configuration.restoring import undo_rows
from people.configuration.shapes import Boolean, MapOf, Number, Record
from people.models import User
from pods.surveys.models import LONGEST_QUIET, LONGEST_VALID, VALID_DAYS, SurveyRule
from pods.surveys.registry import survey_kinds
from pods.surveys.rules import Rules, held_rules, set_rules

Data = Mapping[str, Mapping[str, Any]]


def export_rules() -> dict[str, dict[str, Any]]:
    """Return what holds for each kind."""
    return {key: _plain(rules) for key, rules in held_rules().items()}


def plan_rules(data: Data, is_published: bool) -> list[str]:
    """Say which rules would change. Raises ConfigError for kinds that nobody declared, or that never ask."""
    problems = [
        Problem(key, "there is no such kind of survey.", "Leave it out.")
        for key in data
        if key not in survey_kinds
    ]
    problems += [
        Problem(f"{key}.asks_by_itself", "nothing makes this kind ask.", "Write false.")
        for key, said in data.items()
        if key in survey_kinds and said["asks_by_itself"] and not survey_kinds[key].when
    ]
    if problems:
        raise ConfigError(problems)
    held = held_rules()
    return [
        str(Line(survey_kinds[key].label, "", _words(held[key]), _told(said)))
        for key, said in _different(data)
    ]


def apply_rules(data: Data, by: User | None, is_published: bool) -> None:
    """Set the rules; a kind that the file leaves out is asked as it says by itself."""
    for key, said in _different(data):
        set_rules(
            kind=survey_kinds[key],
            is_automatic=said["asks_by_itself"],
            quiet_days=said["quiet_days"],
            valid_days=said["link_days"],
            by=by,
        )


def _different(data: Data) -> Iterator[tuple[str, Mapping[str, Any]]]:
    held = export_rules()
    for kind in survey_kinds:
        said = data.get(kind.key, _plain(Rules(kind.quiet_days, VALID_DAYS)))
        if held[kind.key] != dict(said):
            yield kind.key, said


def _plain(rules: Rules) -> dict[str, Any]:
    return {
        "asks_by_itself": rules.automatic_since is not None,
        "quiet_days": rules.quiet_days,
        "link_days": rules.valid_days,
    }


def _words(rules: Rules) -> str:
    return _said(rules.automatic_since is not None, rules.quiet_days, rules.valid_days)


def _told(said: Mapping[str, Any]) -> str:
    return _said(said["asks_by_itself"], said["quiet_days"], said["link_days"])


def _said(is_automatic: bool, quiet: int, valid: int) -> str:
    asks = "asked by itself" if is_automatic else "asked by people"
    return (
        f"{asks}, nobody again within {format_count(quiet, 'day')}, a link works {format_count(valid, 'day')}"
    )


SECTION = ConfigSection(
    key="surveys",
    label="Surveys",
    url_name="pods:survey_rules",
    tracks=(
        Tracked(
            model=SurveyRule,
            noun="",
            name=lambda event: survey_kinds[event.kind].label if event.kind in survey_kinds else event.kind,
            labels={
                "automatic_since": "asked by itself since",
                "quiet_days": "days in which nobody is asked again",
                "valid_days": "days that a link works",
            },
            show={"automatic_since": format_datetime},
        ),
    ),
    undo=undo_rows,
    file=ConfigFile(
        shape=MapOf(
            Record(
                {
                    "asks_by_itself": Boolean(),
                    "quiet_days": Number(0, LONGEST_QUIET, is_whole=True),
                    "link_days": Number(1, LONGEST_VALID, is_whole=True),
                }
            )
        ),
        export=export_rules,
        plan=plan_rules,
        apply=apply_rules,
    ),
)
