"""Where the columns of a file go and in which form they are read: suggested, edited, checked, remembered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from sync.declarations import Resource
from sync.files.detection import dates, numbers
from sync.files.suggest import suggest_columns, suggest_key, suggest_way
from sync.files.targets import (
    CUSTOM,
    LONGEST_CUSTOM,
    REFERENCE,
    Target,
    natural_keys,
    reference_ways,
    targets,
)
from sync.models import Batch

FORMATS = {"dates": dates.FORMATS, "numbers": numbers.FORMATS}
ASKS = {
    "dates": "Choose whether day or month comes first.",
    "numbers": "Choose which sign the decimals follow.",
}
ABSENT, CLEAR = "absent", "clear"
EXTERNAL_ID = "external_id"


class ColumnPlan(msgspec.Struct):
    """What happens to one column.

    ``to`` is a field, ``custom.<key>`` or nothing; ``dates`` and ``numbers`` the form of its cells, empty where
    nobody has said; ``by`` how a reference names its record, ``source`` whose external id it is where it is
    another source's.
    """

    to: str = ""
    dates: str = ""
    numbers: str = ""
    by: str = "id"
    source: str = ""


class Plan(msgspec.Struct):
    """What happens to a file.

    ``key`` names what tells records apart: ``external_id`` or a natural key. ``blank`` says whether an empty cell
    leaves a field as it is or clears it. Times without an offset are of ``zone``.
    """

    columns: list[ColumnPlan] = []
    key: str = ""
    blank: str = ABSENT
    zone: str = "UTC"
    mode: str = str(Batch.Mode.UPSERT)

    def by_target(self) -> dict[str, int]:
        """Return the place of each column that goes somewhere."""
        return {column.to: place for place, column in enumerate(self.columns) if column.to}


class Problem(msgspec.Struct, frozen=True):
    """What keeps a plan from being carried out: ``place`` is a column's, None of the plan as a whole."""

    place: int | None
    field: str
    detail: str


def plan_of(held: dict[str, Any]) -> Plan:
    """Return a stored plan."""
    return msgspec.convert(held, Plan)


def suggest_plan(
    resource: Resource,
    names: Sequence[str],
    findings: Sequence[dict[str, Any]],
    *,
    zone: str = "UTC",
    saved: tuple[Sequence[str], Plan] | None = None,
) -> Plan:
    """Return a plan for a file: the one saved for its heading, else what headings and cells suggest.

    A form of dates or numbers is only ever taken from the cells themselves, never from an earlier file.
    """
    earlier: dict[str, ColumnPlan] = {}
    if saved:
        earlier = dict(zip(saved[0], saved[1].columns, strict=False))
    suggested = suggest_columns(resource, names, findings)
    known = targets(resource)
    columns = []
    for place, (name, finding) in enumerate(zip(names, findings, strict=True)):
        column = ColumnPlan(to=suggested[place])
        if name in earlier:
            held = earlier[name]
            column = ColumnPlan(to=held.to, by=held.by, source=held.source)
        elif column.to in known and known[column.to].kind == REFERENCE:
            column.by = suggest_way(resource, column.to, name, finding)
        column.dates, column.numbers = (_proven(finding, reads) for reads in ("dates", "numbers"))
        columns.append(column)
    plan = Plan(columns, zone=zone)
    if saved:
        plan.key, plan.blank, plan.mode, plan.zone = (
            saved[1].key,
            saved[1].blank,
            saved[1].mode,
            saved[1].zone,
        )
    plan.key = plan.key or suggest_key(resource, set(plan.by_target()))
    return plan


def check_plan(
    resource: Resource, names: Sequence[str], findings: Sequence[dict[str, Any]], plan: Plan
) -> list[Problem]:
    """Return what is wrong with a plan, in the order of the columns; nothing where it can be carried out."""
    known = targets(resource)
    problems: list[Problem] = []
    taken: dict[str, int] = {}
    for place, column in enumerate(plan.columns):
        if not column.to:
            continue
        if column.to in taken:
            detail = (
                f"“{names[taken[column.to]]}” goes there already. Choose another field, or leave one out."
            )
            problems.append(Problem(place, "to", detail))
            continue
        taken[column.to] = place
        problems += _check_column(resource, known, place, column, findings[place])
    return problems + _check_whole(resource, known, plan)


def _check_column(
    resource: Resource, known: dict[str, Target], place: int, column: ColumnPlan, finding: dict[str, Any]
) -> list[Problem]:
    if column.to.startswith(CUSTOM):
        key = column.to.removeprefix(CUSTOM)
        if not key.strip() or len(key) > LONGEST_CUSTOM or "\x00" in key:
            return [Problem(place, "to", f"Name the own field with 1 to {LONGEST_CUSTOM} characters.")]
        return []
    target = known.get(column.to)
    if target is None:
        return [Problem(place, "to", f"{resource.singular.capitalize()} has no field {column.to!r}.")]
    if target.kind == REFERENCE:
        ways = reference_ways(resource, target.name)
        if column.by not in ways:
            return [Problem(place, "by", f"Choose one of: {', '.join(ways)}.")]
    if target.reads:
        return _check_form(place, target.reads, getattr(column, target.reads), finding)
    return []


def _check_form(place: int, reads: str, chosen: str, finding: dict[str, Any]) -> list[Problem]:
    verdict = finding[reads]
    if chosen and chosen not in FORMATS[reads]:
        return [Problem(place, reads, f"Choose one of: {', '.join(FORMATS[reads])}.")]
    if verdict is None:
        if not finding["filled"] or chosen:
            return []
        what = "dates" if reads == "dates" else "numbers"
        if reads == "dates" and finding["numbers"]:
            return [
                Problem(
                    place, reads, "These are numbers. Are they days as Excel counts them? Choose from when."
                )
            ]
        return [
            Problem(
                place, reads, f"No cell looks like {what}. Choose another field, or say how they are written."
            )
        ]
    if verdict["state"] == "mixed":
        return [Problem(place, reads, verdict["detail"])]
    if not chosen:
        return [Problem(place, reads, f"{verdict['detail']} {ASKS[reads]}")]
    if verdict["state"] == "sure" and verdict["format"] != chosen and verdict.get("hits"):
        return [Problem(place, reads, f"The cells are written otherwise. {verdict['detail']}")]
    return []


def _check_whole(resource: Resource, known: dict[str, Target], plan: Plan) -> list[Problem]:
    problems = []
    mapped = set(plan.by_target())
    keys = natural_keys(resource)
    if plan.key != EXTERNAL_ID and plan.key not in keys:
        ways = " or ".join(
            " with ".join(known[name].label.lower() for name in names) for names in keys.values()
        )
        detail = f"Say which column holds the external id, or tell records apart by {ways}."
        problems.append(Problem(None, "key", detail))
    elif plan.key == EXTERNAL_ID and EXTERNAL_ID not in mapped:
        problems.append(
            Problem(None, "key", "No column goes to the external id. Choose one, or another key.")
        )
    elif plan.key != EXTERNAL_ID and (missing := [name for name in keys[plan.key] if name not in mapped]):
        labels = ", ".join(known[name].label for name in missing)
        problems.append(Problem(None, "key", f"This key needs columns for: {labels}."))
    if plan.mode != Batch.Mode.UPDATE_ONLY:
        missing = [name for name in resource.required if name in known and name not in mapped]
        if missing:
            labels = ", ".join(known[name].label for name in missing)
            problems.append(
                Problem(
                    None, "mode", f"New {resource.key} need {labels}. Map them, or only update what is there."
                )
            )
    if plan.blank not in (ABSENT, CLEAR):
        problems.append(Problem(None, "blank", "Choose what an empty cell means."))
    if plan.mode not in (Batch.Mode.UPSERT, Batch.Mode.UPDATE_ONLY):
        problems.append(Problem(None, "mode", "Choose whether new records are created."))
    if plan.zone not in available_timezones():
        problems.append(Problem(None, "zone", "Choose a time zone such as Europe/Berlin."))
    return problems


def zone_of(plan: Plan) -> ZoneInfo:
    """Return the zone of times without an offset."""
    return ZoneInfo(plan.zone)


def _proven(finding: dict[str, Any], reads: str) -> str:
    verdict = finding[reads]
    return str(verdict["format"]) if verdict and verdict["state"] == "sure" else ""
