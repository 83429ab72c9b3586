"""Where the columns go: the form, drawn from the plan, and what it sends back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from common.htmx import render_page
from people.guards import revops_only, signed_in
from sync.declarations import Resource
from sync.files.delimited import DELIMITERS, ENCODINGS
from sync.files.plan import EXTERNAL_ID, FORMATS, ColumnPlan, Plan, plan_of
from sync.files.services import (
    WrongStateError,
    back_to_columns,
    begin_check,
    problems_of,
    read_again,
    save_plan,
)
from sync.files.suggest import custom_key, suggest_way
from sync.files.targets import CUSTOM, MOMENT, REFERENCE, natural_keys, reference_ways, targets
from sync.models import Import, Source
from sync.registry import resources
from sync.views.imports.shared import INLINE_BYTES, INLINE_ROWS, STEPS, WHAT, found, go_on

Option = tuple[str, str]


@dataclass
class ColumnRow:
    """One column of the form: what it holds, where it goes, and what is still to be said."""

    place: int
    name: str
    letter: str
    samples: list[str]
    filled: int
    to: str
    targets: list[tuple[str, list[Option]]]
    reads: str = ""
    form: str = ""
    forms: list[Option] = field(default_factory=list)
    finding: str = ""
    way: str = ""
    ways: list[Option] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def columns_context(imported: Import, *, tried: bool = False) -> dict[str, Any]:
    """Return what the form of the columns shows; ``tried`` says that somebody wanted to go on with it."""
    resource = resources[imported.resource]
    plan = plan_of(imported.plan)
    problems = problems_of(imported, plan)
    rows = [_row(imported, resource, plan, place) for place in range(len(plan.columns))]
    for problem in problems:
        if problem.place is not None:
            rows[problem.place].problems.append(problem.detail)
    known = targets(resource)
    keys: list[Option] = [(EXTERNAL_ID, "Its external id")]
    keys += [
        (key, " and ".join(known[name].label.lower() for name in names).capitalize())
        for key, names in natural_keys(resource).items()
    ]
    reading = imported.reading
    return {
        "imported": imported,
        "resource": resource,
        "steps": STEPS,
        "step": "columns",
        "columns": rows,
        "plan": plan,
        "keys": keys,
        "whole": {problem.field: problem.detail for problem in problems if problem.place is None},
        "tried": tried and bool(problems),
        "problem_count": len(problems),
        "reading": reading,
        "encodings": ENCODINGS.items(),
        "delimiters": DELIMITERS.items(),
        "delimiter_name": DELIMITERS.get(reading.get("delimiter", ""), ""),
        "encoding_name": ENCODINGS.get(reading.get("encoding", ""), ""),
        "has_times": any(known[row.to].kind == MOMENT for row in rows if row.to in known),
    }


def _row(imported: Import, resource: Resource, plan: Plan, place: int) -> ColumnRow:
    held, column = imported.columns[place], plan.columns[place]
    known = targets(resource)
    own = custom_key(held["name"])
    options: list[Option] = [
        (name, f"{target.label}{' (required)' if target.required and name != EXTERNAL_ID else ''}")
        for name, target in known.items()
    ]
    customs: list[Option] = [(own, f"Own field “{own.removeprefix(CUSTOM)}”")]
    if column.to.startswith(CUSTOM) and column.to != own:
        customs.append((column.to, f"Own field “{column.to.removeprefix(CUSTOM)}”"))
    row = ColumnRow(
        place=place,
        name=held["name"],
        letter=held["letter"],
        samples=held["samples"],
        filled=held["filled"],
        to=column.to,
        targets=[("Fields", options), ("Kept beside", customs)],
    )
    target = known.get(column.to)
    if target is None:
        return row
    if target.reads:
        verdict = held[target.reads]
        row.reads, row.form = target.reads, getattr(column, target.reads)
        row.forms = list(FORMATS[target.reads].items())
        row.finding = verdict["detail"] if verdict and verdict["state"] == "sure" else ""
    if target.kind == REFERENCE:
        ways = reference_ways(resource, target.name)
        row.ways = [(key, label) for key, label in ways.items() if key != "id"]
        slugs = Source.objects.order_by("slug").values_list("slug", flat=True)
        own_slug = imported.source.slug
        row.ways = [
            ("id", f"{ways['id']} of {own_slug}"),
            *row.ways,
            *((f"id:{slug}", f"{ways['id']} of {slug}") for slug in slugs if slug != own_slug),
        ]
        row.way = f"id:{column.source}" if column.by == "id" and column.source else column.by
    return row


@require_POST
@revops_only(WHAT)
def save_columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what was chosen; with ``check`` go on to the dry run where nothing is left to say."""
    imported = found(pk)
    try:
        save_plan(imported=imported, plan=_plan(imported, request.POST))
        if request.POST.get("action") == "check":
            begin_check(imported=imported, by=signed_in(request))
            go_on(request, imported, inline=imported.rows <= INLINE_ROWS)
            return redirect("sync:import", pk=pk)
    except ValidationError:
        context = columns_context(imported, tried=True)
        return render_page(request, "sync/imports/one.html", "sync/imports/_one.html", context, status=422)
    except WrongStateError:
        return redirect("sync:import", pk=pk)
    if request.headers.get("HX-Request"):
        return render_page(
            request, "sync/imports/one.html", "sync/imports/_one.html", columns_context(imported)
        )
    return redirect("sync:import", pk=pk)


@require_POST
@revops_only(WHAT)
def read_differently(request: HttpRequest, pk: int) -> HttpResponse:
    """Read the file again with another encoding, delimiter, sheet or heading."""
    imported = found(pk)
    given = {
        name: request.POST.get(name, "").replace("\x00", "") for name in ("encoding", "delimiter", "heading")
    }
    known = {"encoding": ENCODINGS, "delimiter": DELIMITERS, "heading": ("yes", "no")}
    chosen = {name: value if value in known[name] else "" for name, value in given.items()}
    sheet = request.POST.get("sheet", "")
    try:
        read_again(
            imported=imported, sheet=sheet if sheet in imported.reading.get("sheets", []) else "", **chosen
        )
    except WrongStateError:
        return redirect("sync:import", pk=pk)
    go_on(request, imported, inline=imported.size <= INLINE_BYTES)
    return redirect("sync:import", pk=pk)


@require_POST
@revops_only(WHAT)
def change_columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Go back from the dry run to the columns."""
    imported = found(pk)
    with suppress(WrongStateError):
        back_to_columns(imported=imported)
    return redirect("sync:import", pk=pk)


def _plan(imported: Import, sent: QueryDict) -> Plan:
    """Return the plan that the form sends; what it doesn't send stays as it was."""
    plan = plan_of(imported.plan)
    resource = resources[imported.resource]
    columns = []
    for place, held in enumerate(plan.columns):
        to = _text(sent, f"to-{place}", held.to)
        column = ColumnPlan(
            to=to,
            dates=_text(sent, f"dates-{place}", held.dates),
            numbers=_text(sent, f"numbers-{place}", held.numbers),
        )
        way = _text(
            sent, f"by-{place}", "" if to != held.to else f"id:{held.source}" if held.source else held.by
        )
        if not way and to in targets(resource) and targets(resource)[to].kind == REFERENCE:
            finding = imported.columns[place]
            way = suggest_way(resource, to, finding["name"], finding)
        column.by, _, column.source = (way or "id").partition(":")
        columns.append(column)
    return msgspec.structs.replace(
        plan,
        columns=columns,
        **{name: _text(sent, name, getattr(plan, name)) for name in ("key", "blank", "mode", "zone")},
    )


def _text(sent: QueryDict, name: str, default: str) -> str:
    return str(sent[name]).replace("\x00", "")[:200] if name in sent else default
