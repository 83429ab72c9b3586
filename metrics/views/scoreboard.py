"""The scoreboard, and one line of it with its segments, its accounts and its targets."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.asof import requested_as_of
from common.charts import Chart, Series
from common.export import asked_format, chosen_table, export_response
from common.formatting import format_date
from common.periods import day_label
from metrics.engine.plan import today
from metrics.explanation import currency_of, member_label
from metrics.models import Goal, ScoreTarget, SegmentValue
from metrics.registry import Definition, segment_definitions
from metrics.scoreboard.accounts import ALL, BEST, WORST, read_accounts
from metrics.scoreboard.forms import TargetForm
from metrics.scoreboard.judging import Held, Verdict
from metrics.scoreboard.reading import (
    Board,
    Cell,
    Days,
    count_verdicts,
    own_segment,
    read_board,
    read_days,
    read_groups,
    read_members,
)
from metrics.scoreboard.registry import WHOLE, ScoreLine, Segment, awaited_lines, score_lines
from metrics.scoreboard.tables import board_table, line_offers
from metrics.scoreboard.targets import DIMENSIONS, LONGEST_MEMBER, remove_target, set_target
from metrics.scoreboard.words import headline, line_headline
from people.access import request_access
from people.configuration.authors import recorded
from people.guards import is_revops, revops_only, signed_in

BY = ("tier", "industry", "country")
LAST_PAGE = 20_000


@require_safe
def scoreboard(request: HttpRequest) -> HttpResponse:
    """Show every line with owner, actual, target, how it stands and its trend, for all accounts or one segment."""
    access = request_access(request)
    until = requested_as_of(request)
    asked = _segment(request)
    days = read_days(until)
    groups = read_groups(access, days, until, asked) if days else []
    if asked_format(request):
        return export_response(request, board_table(groups))
    counts = count_verdicts(groups)
    context = {
        "groups": groups,
        "headline": headline(counts),
        "has_names": any(cell.held and cell.held.person for group in groups for cell in group.cells),
        "counts": [(verdict, counts[verdict]) for verdict in (Verdict.MET, Verdict.NEAR, Verdict.MISSED)]
        if groups
        else [],
        "awaited": list(awaited_lines),
        "day": days.day if days else None,
        "choices": _choices(days.day, asked) if days else [],
        "is_whole": asked == WHOLE,
        "segment_value": _value(asked),
        "as_of": days.day if days else None,
        "until": until,
        "may_edit": is_revops(request),
    }
    return render(request, "metrics/scoreboard/board.html", context)


@require_safe
def score_line(request: HttpRequest, key: str) -> HttpResponse:
    """Show one line: its year, its segments, the accounts behind it, and what it was held to when."""
    line = _line(key)
    access = request_access(request)
    until = requested_as_of(request)
    segment = own_segment(line, _segment(request)) if "segment" in request.GET else line.segment
    if request.GET.get("segment") == _value(WHOLE):
        segment = WHOLE
    by = request.GET.get("by", "tier")
    by = by if by in BY else "tier"
    order = BEST if request.GET.get("order") == BEST else WORST
    definition = segment_definitions[line.figure]
    targets = _history(line)
    days = read_days(until)
    if days is None:
        context: dict[str, Any] = {
            "line": line,
            "definition": definition,
            "owner": line.owner,
            "until": until,
        }
        context["targets"] = _dated(targets, {}, today())
        return render(request, "metrics/scoreboard/line.html", context | {"may_edit": is_revops(request)})
    members = _members(line, by, days.day)
    board = read_board(access, days, until, [line], [segment, *members])
    cell = board.cell(line, segment)
    cells = [board.cell(line, each) for each in _ranked(members, board)]
    behind = None
    if not cell.is_redacted:
        behind = read_accounts(definition, segment, days.day, access, order=order, page=_page(request))

    def everybody() -> Any:
        return read_accounts(definition, segment, days.day, access, order=order, limit=ALL).shown

    exports = line_offers(
        line.key, cells, everybody if behind and not behind.why else None, targets, definition
    )
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    context = {
        "line": line,
        "owner": line.owner,
        "cell": cell,
        "definition": definition,
        "currency": currency_of(definition.unit),
        "parts_currency": currency_of(definition.whole_unit),
        "chart": None if cell.is_redacted else _chart(cell, days),
        "cells": [(each, _url(line, each.segment, by, until)) for each in cells],
        "tabs": [
            {"label": f"By {name}", "url": _url(line, segment, name, until), "is_current": name == by}
            for name in BY
        ],
        "by_label": f"By {by}",
        "behind": behind,
        "elsewhere": (reverse(line.elsewhere[0]), line.elsewhere[1]) if line.elsewhere else None,
        "previous_url": _turned(request, behind.page - 1) if behind and behind.page > 1 else "",
        "next_url": _turned(request, behind.page + 1) if behind and behind.has_next else "",
        "order": order,
        "orders": [
            (each, label, _url(line, segment, by, until, order=each))
            for each, label in ((WORST, "Pull it the wrong way"), (BEST, "Carry it"))
        ],
        "targets": _dated(targets, dict(board.tiers), days.day),
        "coming": None if cell.is_redacted else _coming(targets, segment, days.day, definition),
        "exports": exports,
        "as_of": days.day,
        "until": until,
        "may_edit": is_revops(request),
        "segment_value": _value(segment),
    }
    return render(request, "metrics/scoreboard/line.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only("Setting targets")
@recorded
def score_target(request: HttpRequest, key: str) -> HttpResponse:
    """Set what a line is held to, from a day on."""
    line = _line(key)
    definition = segment_definitions[line.figure]
    days = read_days(None)
    asked = _segment(request) if "segment" in request.GET else line.segment
    choices = _form_choices(days.day if days else None, {asked, line.segment})
    form = TargetForm(
        request.POST if request.method == "POST" else None,
        definition=definition,
        segments=choices,
        initial=_initial(line, asked) | {"segment": _value(asked)},
    )
    if form.is_valid():
        data = form.cleaned_data
        try:
            target = set_target(
                line=line.key,
                segment=_split(data["segment"]),
                goal=data["goal"],
                value=data["value"],
                starts_on=data["starts_on"],
                reason=data["reason"],
                person=data["person"],
                by=signed_in(request),
            )
        except ValidationError as error:
            form.add_errors(error)
        else:
            messages.success(
                request, f"The target of {line.label} is set, from {format_date(target.starts_on)} on."
            )
            return redirect(_url(line, _split(data["segment"])))
    context = {"line": line, "definition": definition, "form": form, "back": _url(line, asked)}
    status = 422 if form.is_bound else 200
    return render(request, "metrics/scoreboard/target.html", context, status=status)


@require_POST
@revops_only("Setting targets")
@recorded
def remove_score_target(request: HttpRequest, key: str, pk: int) -> HttpResponse:
    """Take a target away."""
    line = _line(key)
    target = get_object_or_404(ScoreTarget, pk=pk, line=line.key)
    remove_target(target=target, by=signed_in(request))
    messages.success(
        request,
        f"The target of {line.label} from {format_date(target.starts_on)} is taken away. Changes of settings keep it.",
    )
    return redirect(_url(line, (target.dimension, target.member)))


def _line(key: str) -> ScoreLine:
    line = score_lines.get(key)
    if line is None:
        raise Http404("The scoreboard has no such line.")
    return line


def _segment(request: HttpRequest) -> Segment:
    dimension, member = _split(request.GET.get("segment", ""))
    is_known = dimension in BY and 0 < len(member) <= LONGEST_MEMBER and "\x00" not in member
    return (dimension, member) if is_known else WHOLE


def _split(text: str) -> Segment:
    dimension, _, member = text.partition(":")
    return dimension, member


def _value(segment: Segment) -> str:
    return WHOLE[0] if segment == WHOLE else ":".join(segment)


def _url(
    line: ScoreLine, segment: Segment, by: str = "", until: date | None = None, *, order: str = ""
) -> str:
    asked = {
        "segment": "" if segment == line.segment else _value(segment),
        "by": by,
        "order": order,
        "as_of": until.isoformat() if until else "",
    }
    given = {name: value for name, value in asked.items() if value}
    url = reverse("metrics:score_line", args=[line.key])
    return f"{url}?{urlencode(given)}" if given else url


def _page(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return max(1, min(int(text), LAST_PAGE)) if text.isascii() and text.isdecimal() and len(text) < 9 else 1


def _turned(request: HttpRequest, page: int) -> str:
    asked = request.GET.copy()
    asked["page"] = str(page)
    return f"?{asked.urlencode()}#accounts"


def _choices(day: date, asked: Segment) -> list[dict[str, Any]]:
    """Return the segments to choose from, grouped by dimension."""
    found = read_members(day)
    groups = []
    for dimension in BY:
        members = list(found.by_dimension[dimension])
        if dimension == asked[0] and asked[1] not in members:
            members.append(asked[1])  # an address may name one that has no accounts on that day
        groups.append(
            {
                "label": DIMENSIONS[dimension],
                "options": [
                    {
                        "value": f"{dimension}:{member}",
                        "label": found.label((dimension, member)),
                        "is_chosen": (dimension, member) == asked,
                    }
                    for member in members
                ],
            }
        )
    return groups


def _form_choices(day: date | None, more: set[Segment]) -> list[Any]:
    choices: list[Any] = [(_value(WHOLE), "All accounts")]
    if day is None:
        return choices + [(_value(each), _value(each)) for each in more - {WHOLE}]
    found = read_members(day)
    for dimension in BY:
        members = list(found.by_dimension[dimension])
        members += [member for held, member in sorted(more) if held == dimension and member not in members]
        options = [(f"{dimension}:{each}", found.label((dimension, each))) for each in members]
        choices.append((DIMENSIONS[dimension], options))
    return choices


def _members(line: ScoreLine, by: str, day: date) -> list[Segment]:
    rows = SegmentValue.objects.filter(key=line.figure, dimension=by, as_of=day)
    return [(by, member) for member in rows.values_list("member", flat=True)]


def _ranked(members: list[Segment], board: Board) -> list[Segment]:
    ranks = {slug: place for place, slug in enumerate(board.tiers)}
    return sorted(members, key=lambda each: (ranks.get(each[1], len(ranks)), each[1] == "none", each[1]))


def _history(line: ScoreLine) -> list[ScoreTarget]:
    order = ("-starts_on", "dimension", "member")
    return list(ScoreTarget.objects.filter(line=line.key).select_related("person", "author").order_by(*order))


def _dated(
    targets: list[ScoreTarget], tiers: dict[str, str], day: date
) -> list[tuple[ScoreTarget, str, str]]:
    """Return each target, newest first, its segment in words and whether it ``comes``, ``holds`` or is ``over``."""
    begun: set[Segment] = set()
    found = []
    for each in targets:
        segment = (each.dimension, each.member)
        state = "comes" if each.starts_on > day else "over" if segment in begun else "holds"
        if state == "holds":
            begun.add(segment)
        found.append((each, member_label(*segment, tiers), state))
    return found


def _coming(
    targets: list[ScoreTarget], segment: Segment, day: date, definition: Definition
) -> dict[str, Any] | None:
    """Return in words what the segment itself is held to next, and from when; None where nothing is to come."""
    later = [each for each in targets if (each.dimension, each.member) == segment and each.starts_on > day]
    if not later:
        return None
    target = later[-1]
    words = Held(Goal(target.goal), target.value).words(definition)
    return {"words": words or "no target", "starts_on": target.starts_on}


def _initial(line: ScoreLine, segment: Segment) -> dict[str, Any]:
    """Return what holds now, as the form begins with it."""
    dimension, member = segment
    held = ScoreTarget.objects.on(today()).filter(line=line.key, dimension=dimension, member=member).first()
    goal: str = held.goal if held else line.goal if segment in (line.segment, WHOLE) else Goal.AT_LEAST
    value: Decimal | None = held.value if held else line.value if goal == line.goal else None
    if value is not None and segment_definitions[line.figure].unit == "ratio":
        value *= 100
    return {
        "goal": goal,
        "value": None if value is None else f"{value.normalize():f}",
        "starts_on": today(),
        "person": held.person_id if held else None,
    }


def _chart(cell: Cell, days: Days) -> Chart:
    extra: dict[str, Any] = {"connects": True}
    if cell.held.value is not None:
        extra["levels"] = [{"at": float(cell.held.value), "label": "target"}]
    known = [value for value in cell.trend if value is not None]
    return Chart(
        key=f"scoreboard-{cell.line.key}",
        kind="line",
        title=line_headline(cell),
        categories=[day_label(day) for day in days.shown],
        series=[Series(name=cell.line.label, values=cell.trend, tone="accent")] if known else [],
        unit=cell.definition.unit,
        currency=cell.currency,
        good=cell.definition.direction or "",
        category_label="Day",
        height="sm",
        provisional=cell.provisional,
        empty="No refresh has given it a value yet.",
        extra=extra,
    )
