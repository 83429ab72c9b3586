"""How old data may grow, as a section of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from common.formatting import format_count
from people.configuration.history import Line
from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked
from people.configuration.restoring import undo_rows
from people.configuration.shapes import MapOf, Number, Record, Text
from people.models import FED, Category, User
from sync.freshness.forms import split_minutes
from sync.freshness.services import expect_freshness, expect_nothing
from sync.models import FreshnessRule, Source
from sync.models.freshness import LONGEST_MINUTES

Rules = dict[tuple[str, str], tuple[int, int, str]]


def source_name(key: int) -> str:
    """Return a source's name, also in the history of one that is gone."""
    return str(Source.objects.filter(pk=key).values_list("name", flat=True).first() or "a removed source")


def age(minutes: int) -> str:
    """Return an age in its largest whole unit."""
    number, unit = split_minutes(minutes)
    return format_count(number, unit.removesuffix("s"))


RULES = Tracked(
    model=FreshnessRule,
    noun="",
    name=lambda event: f"{Category(event.category).label} from {source_name(event.source_id)}",
    labels={"warn_minutes": "late after", "error_minutes": "stale after", "measure": "measured"},
    show={
        "warn_minutes": age,
        "error_minutes": age,
        "measure": lambda value: FreshnessRule.Measure(value).label.lower(),
    },
)


def held_rules() -> Rules:
    """Return the rules by source and category; one query."""
    rows = FreshnessRule.objects.order_by("source__slug", "category")
    return {
        (slug, category): (warn, error, measure)
        for slug, category, warn, error, measure in rows.values_list(
            "source__slug", "category", "warn_minutes", "error_minutes", "measure"
        )
    }


def export_rules() -> dict[str, dict[str, dict[str, Any]]]:
    """Return the rules by source and category, ages in minutes."""
    document: dict[str, dict[str, dict[str, Any]]] = {}
    for (slug, category), (warn, error, measure) in held_rules().items():
        document.setdefault(slug, {})[category] = {
            "late_after_minutes": warn,
            "stale_after_minutes": error,
            "measure": measure,
        }
    return document


def plan_rules(data: Mapping[str, Mapping[str, Mapping[str, Any]]], is_published: bool) -> list[str]:
    """Say which rules would change, begin or end. Raises ConfigError for unknown sources and wrong ages."""
    known = set(Source.objects.values_list("slug", flat=True))
    problems = [
        Problem(slug, "there is no such source.", "Add it first, or leave it out.")
        for slug in data
        if slug not in known
    ]
    held, wished = held_rules(), _wished(data)
    problems += [
        Problem(
            f"{slug}.{category}.stale_after_minutes",
            "is less than late_after_minutes.",
            "Data can't be stale before they are late.",
        )
        for (slug, category), (warn, error, _) in wished.items()
        if error < warn
    ]
    if problems:
        raise ConfigError(problems)
    names = dict(Source.objects.values_list("slug", "name"))
    return [
        str(
            Line(
                f"{Category(place[1]).label} from {names[place[0]]}",
                "",
                _words(held.get(place)),
                _words(wished.get(place)),
            )
        )
        for place in sorted({*held, *wished})
        if held.get(place) != wished.get(place)
    ]


def apply_rules(
    data: Mapping[str, Mapping[str, Mapping[str, Any]]], by: User | None, is_published: bool
) -> None:
    """Set the rules."""
    held, wished = held_rules(), _wished(data)
    sources = {source.slug: source for source in Source.objects.all()}
    for slug, category in sorted({*held, *wished}):
        rule = wished.get((slug, category))
        if rule is None:
            expect_nothing(source=sources[slug], category=category, by=by)
        elif rule != held.get((slug, category)):
            warn, error, measure = rule
            expect_freshness(
                source=sources[slug],
                category=category,
                warn_minutes=warn,
                error_minutes=error,
                measure=measure,
                by=by,
            )


def _wished(data: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Rules:
    return {
        (slug, category): (rule["late_after_minutes"], rule["stale_after_minutes"], rule["measure"])
        for slug, rules in data.items()
        for category, rule in rules.items()
    }


def _words(rule: tuple[int, int, str] | None) -> str:
    if rule is None:
        return "nothing"
    warn, error, measure = rule
    return f"late after {age(warn)}, stale after {age(error)}, {FreshnessRule.Measure(measure).label.lower()}"


_minutes = Number(1, LONGEST_MINUTES, is_whole=True)

SECTION = ConfigSection(
    key="freshness",
    label="How fresh data must be",
    url_name="sync:sources",
    tracks=(RULES,),
    undo=undo_rows,
    file=ConfigFile(
        shape=MapOf(
            MapOf(
                Record(
                    {
                        "late_after_minutes": _minutes,
                        "stale_after_minutes": _minutes,
                        "measure": Text(choices=FreshnessRule.Measure.values),
                    }
                ),
                choices=FED,
            )
        ),
        export=export_rules,
        plan=plan_rules,
        apply=apply_rules,
    ),
)
