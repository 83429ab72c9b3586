"""The scoreboard as a weekly message: the reader's own lines first, and what changed since the week before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from common.formatting import MINUS, format_date, format_unit
from metrics.models import RefreshRun
from metrics.scoreboard.judging import Verdict
from metrics.scoreboard.reading import Cell, Group, count_verdicts, read_days, read_groups
from metrics.scoreboard.registry import WHOLE
from metrics.scoreboard.words import headline
from people.access import Access
from people.models import Notice
from people.notices.preferences import tell_weekly
from people.notices.topics import Composed, Reader
from people.notices.writing import escaped, slack_link

TOPIC = "scoreboard"
WEEK = timedelta(days=7)
SIGNS = {Verdict.MET: "✓", Verdict.NEAR: "△", Verdict.MISSED: "✗", Verdict.UNKNOWN: "·", Verdict.FREE: "·"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the message: how it stands, how it stood a week before, and by how much the figure moved."""

    label: str
    actual: str
    target: str
    verdict: Verdict
    was: Verdict | None
    change: str
    path: str
    sign: str

    @property
    def has_turned(self) -> bool:
        """Whether it stands otherwise than a week before."""
        return self.was is not None and self.was is not self.verdict

    @property
    def words(self) -> str:
        """Return it as one plain line."""
        parts = [self.actual]
        if self.target:
            parts.append(f"target {self.target}")
        parts.append(self.verdict.label.lower())
        if self.has_turned and self.was is not None:
            parts.append(f"was {self.was.label.lower()}")
        if self.change:
            parts.append(f"{self.change} in a week")
        return ", ".join(parts)

    @property
    def url(self) -> str:
        """Its address for a mail."""
        return f"{settings.PUBLIC_URL}{self.path}"


def write_digests(moment: datetime) -> int:
    """Tell whoever's turn it is of the newest night; return how many. Nobody before the first one.

    Each person and channel once a week (``tell_weekly``); what it says is read when it is sent, of the night that is
    the newest now.
    """
    day = RefreshRun.objects.finished().newest_day()
    if day is None:
        return 0
    url = f"{reverse('metrics:scoreboard')}?as_of={day.isoformat()}"
    return tell_weekly(topic=TOPIC, moment=moment, text=f"The scoreboard of {format_date(day)}", url=url)


def compose(reader: Reader, notices: Sequence[Notice]) -> Composed:
    """Write the message of the newest of the nights told of."""
    notice = notices[-1]
    day = _day_of(notice.url)
    groups = _groups(reader.access, day)
    before = {
        cell.line.key: cell for cell in _cells(_groups(reader.access, day - WEEK, since=day - 2 * WEEK))
    }
    own, others = _split(groups, reader.access.function, before, day)
    hidden = sum(cell.is_redacted for cell in _cells(groups))
    said = headline(count_verdicts(groups))
    subject = f"Scoreboard of {format_date(day)}: {said.rstrip('.')}"
    turned = [line for line in (*own, *others) if line.has_turned]
    closed = (
        f"{hidden} lines are not shown to your function."
        if hidden > 1
        else "One line is not shown to your function."
    )
    context: dict[str, Any] = {
        "subject": subject,
        "headline": said,
        "day": day,
        "turned": turned,
        "sections": [
            (title, lines)
            for title, lines in (("What you answer for", own), ("The other lines", others))
            if lines
        ],
        "closed": closed if hidden else "",
        "url": f"{settings.PUBLIC_URL}{notice.url}",
        "settings_url": f"{settings.PUBLIC_URL}{reverse('people:me')}#mails",
    }
    return Composed(
        subject=subject,
        plain=_plain(context),
        html=render_to_string("metrics/scoreboard/digest.html", context),
        slack=_slack(context, notice.url),
    )


def _groups(access: Access, day: date, *, since: date | None = None) -> list[Group]:
    days = read_days(day)
    is_there = days is not None and (since is None or days.day > since)
    return read_groups(access, days, day, WHOLE) if days and is_there else []


def _cells(groups: Iterable[Group]) -> list[Cell]:
    return [cell for group in groups for cell in group.cells]


def _split(
    groups: Sequence[Group], function: str, before: dict[str, Cell], day: date
) -> tuple[list[Line], list[Line]]:
    own: list[Line] = []
    others: list[Line] = []
    for group in groups:
        lines = own if function in group.owner.functions else others
        lines += [_line(cell, before.get(cell.line.key), day) for cell in group.cells if not cell.is_redacted]
    return own, others


def _line(cell: Cell, before: Cell | None, day: date) -> Line:
    label = cell.line.label if cell.segment == WHOLE else f"{cell.line.label} ({cell.segment_label})"
    unit = cell.definition.unit
    change = ""
    if before is not None and before.actual is not None and cell.actual is not None:
        moved = cell.actual - before.actual
        size = abs(moved) * 100 if unit == "ratio" else abs(moved)
        words = format_unit(size, "points" if unit == "ratio" else unit, 1, cell.currency)
        change = f"{MINUS if moved < 0 else '+'}{words}" if moved else ""
    return Line(
        label=label,
        actual="no figure" if cell.actual is None else format_unit(cell.actual, unit, 1, cell.currency),
        target=cell.target_words,
        verdict=cell.verdict,
        was=before.verdict if before is not None and not before.is_redacted else None,
        change=change,
        path=f"{reverse('metrics:score_line', args=[cell.line.key])}?as_of={day.isoformat()}",
        sign=SIGNS[cell.verdict],
    )


def _plain(context: dict[str, Any]) -> str:
    lines = [context["headline"], ""]
    if context["turned"]:
        lines += [
            "Changed since last week",
            *(f"{line.sign} {line.label}: {line.words}" for line in context["turned"]),
            "",
        ]
    for title, held in context["sections"]:
        lines += [title, *(f"{line.sign} {line.label}: {line.words}\n  {line.url}" for line in held), ""]
    if context["closed"]:
        lines += [context["closed"], ""]
    return "\n".join([*lines, context["url"], ""])


def _slack(context: dict[str, Any], path: str) -> str:
    lines = [f"*{slack_link(path, context['subject'])}*"]
    if context["turned"]:
        lines.append("_Changed since last week_")
        lines += [_slack_line(line) for line in context["turned"]]
    for title, held in context["sections"]:
        lines.append(f"_{escaped(title)}_")
        lines += [_slack_line(line) for line in held]
    if context["closed"]:
        lines.append(escaped(context["closed"]))
    return "\n".join(lines)


def _slack_line(line: Line) -> str:
    return f"{line.sign} {slack_link(line.path, line.label)}: {escaped(line.words)}"


def _day_of(url: str) -> date:
    return date.fromisoformat(parse_qs(urlsplit(url).query)["as_of"][0])
