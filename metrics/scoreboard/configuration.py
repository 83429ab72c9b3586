"""Targets as a section of the configuration; in a file by line, each with its segment and its first day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from common.formatting import format_date, format_number
from metrics.models import WITHOUT_VALUE, Goal, ScoreTarget
from metrics.scoreboard.registry import Segment, score_lines
from metrics.scoreboard.targets import DIMENSIONS, LONGEST_MEMBER, remove_target, set_target
from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked, sections
from people.configuration.restoring import undo_rows
from people.configuration.shapes import ListOf, MapOf, Nullable, Number, Record, Text, unknown
from people.models import User

Place = tuple[str, str, str, date]
WHOLE = "all"


def export_targets() -> dict[str, list[dict[str, Any]]]:
    """Return the targets by line; lines without one are left out."""
    found: dict[str, list[dict[str, Any]]] = {}
    order = ("line", "dimension", "member", "starts_on")
    for target in ScoreTarget.objects.select_related("person").order_by(*order):
        found.setdefault(target.line, []).append(
            {
                "segment": _segment_text((target.dimension, target.member)),
                "starts_on": target.starts_on.isoformat(),
                "goal": target.goal,
                "value": _plain(target.value),
                "person": target.person.email if target.person else "",
                "reason": target.reason,
            }
        )
    return found


def plan_targets(data: Mapping[str, list[dict[str, Any]]], is_published: bool) -> list[str]:
    """Say which targets would be set, changed or taken away. Raises ConfigError for lines and days unknown here."""
    wanted = _wanted(data)
    held = _held()
    said = [
        f"Target of {_name(place)}: {'is set to' if place not in held else 'becomes'} {_words(entry)}"
        for place, entry in wanted.items()
        if held.get(place) != entry
    ]
    return said + [f"Target of {_name(place)}: is taken away" for place in held if place not in wanted]


def apply_targets(data: Mapping[str, list[dict[str, Any]]], by: User | None, is_published: bool) -> None:
    """Set the targets of the file and take the others away."""
    wanted = _wanted(data)
    held = _held()
    people = {
        user.email: user for user in User.objects.filter(email__in=[each[2] for each in wanted.values()])
    }
    for place, (goal, value, person, reason) in wanted.items():
        if held.get(place) != (goal, value, person, reason):
            line, dimension, member, starts_on = place
            set_target(
                line=line,
                segment=(dimension, member),
                goal=goal,
                value=value,
                starts_on=starts_on,
                reason=reason,
                person=people.get(person),
                by=by,
            )
    for target in ScoreTarget.objects.all():
        if (target.line, target.dimension, target.member, target.starts_on) not in wanted:
            remove_target(target=target, by=by)


Entry = tuple[str, Decimal | None, str, str]


def _wanted(data: Mapping[str, list[dict[str, Any]]]) -> dict[Place, Entry]:
    problems: list[Problem] = []
    wanted: dict[Place, Entry] = {}
    for line, entries in data.items():
        if line not in score_lines:
            problems.append(unknown(line, [each.key for each in score_lines]))
            continue
        for place, entry in enumerate(entries):
            path = f"{line}[{place}]"
            found = list(_wrong(entry, path))
            problems += found
            if not found:
                dimension, member = _segment_of(entry["segment"])
                key = (line, dimension, member, date.fromisoformat(entry["starts_on"]))
                if key in wanted:
                    problems.append(Problem(path, "is there twice.", "Name each segment and day once."))
                value = entry["value"]
                wanted[key] = (
                    entry["goal"],
                    None if value is None else Decimal(str(value)).quantize(Decimal("0.000001")),
                    entry["person"],
                    entry["reason"].strip(),
                )
    known = set(
        User.objects.filter(email__in={each[2] for each in wanted.values()}).values_list("email", flat=True)
    )
    problems += [
        Problem(place[0], f"nobody has the address {entry[2]}.", "Add them as a user, or leave it empty.")
        for place, entry in wanted.items()
        if entry[2] and entry[2] not in known
    ]
    if problems:
        raise ConfigError(problems)
    return wanted


def _wrong(entry: Mapping[str, Any], path: str) -> Iterator[Problem]:
    dimension, member = _segment_of(entry["segment"])
    is_odd = dimension not in DIMENSIONS or (dimension == WHOLE) != (member == "")
    if is_odd or len(member) > LONGEST_MEMBER:
        yield Problem(
            f"{path}.segment", "is no segment.", "Use all, tier:SLUG, industry:NAME or country:CODE."
        )
    try:
        date.fromisoformat(entry["starts_on"])
    except ValueError:
        yield Problem(f"{path}.starts_on", "is no day.", "Write it as 2026-11-30.")
    if (entry["goal"] in WITHOUT_VALUE) != (entry["value"] is None):
        yield Problem(f"{path}.value", "doesn't fit the goal.", "rising, falling and none take null.")


def _held() -> dict[Place, Entry]:
    return {
        (target.line, target.dimension, target.member, target.starts_on): (
            target.goal,
            target.value,
            target.person.email if target.person else "",
            target.reason,
        )
        for target in ScoreTarget.objects.select_related("person")
    }


def _segment_of(text: str) -> Segment:
    dimension, _, member = text.partition(":")
    return dimension, member


def _segment_text(segment: Segment) -> str:
    return segment[0] if segment[0] == WHOLE else ":".join(segment)


def _plain(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == int(value) else float(value)


def _words(entry: Entry) -> str:
    goal, value, person, _ = entry
    held = Goal(goal).label.lower()
    said = held if value is None else f"{held} {format_number(value)}"
    return f"{said}, {person} answers for it" if person else said


def _name(place: Place) -> str:
    line, dimension, member, starts_on = place
    label = score_lines[line].label if line in score_lines else line
    where = "" if dimension == WHOLE else f" ({DIMENSIONS[dimension].lower()} {member})"
    return f"{label}{where} from {format_date(starts_on)}"


def _event_name(event: Any) -> str:
    return _name((event.line, event.dimension, event.member, event.starts_on))


def _person_name(value: User | None) -> str:
    return str(value) if value else "nobody"


sections.register(
    ConfigSection(
        key="scoreboard",
        label="Targets of the scoreboard",
        url_name="metrics:scoreboard",
        tracks=(
            Tracked(
                model=ScoreTarget,
                noun="Target of",
                name=_event_name,
                labels={
                    "goal": "goal",
                    "value": "value",
                    "person": "who answers for it",
                    "reason": "reason",
                },
                show={"goal": lambda value: str(Goal(value).label), "person": _person_name},
            ),
        ),
        undo=undo_rows,
        file=ConfigFile(
            shape=MapOf(
                ListOf(
                    Record(
                        {
                            "segment": Text(longest=161),
                            "starts_on": Text(longest=10),
                            "goal": Text(choices=Goal.values),
                            "value": Nullable(Number()),
                            "person": Text(longest=254, may_be_empty=True),
                            "reason": Text(),
                        }
                    )
                )
            ),
            export=export_targets,
            plan=plan_targets,
            apply=apply_targets,
        ),
    )
)
