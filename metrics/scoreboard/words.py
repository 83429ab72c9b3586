"""What the scoreboard says in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from common.formatting import format_count, format_unit
from metrics.scoreboard.judging import Verdict
from metrics.scoreboard.reading import Cell


def headline(counts: Mapping[Verdict, int]) -> str:
    """Say how many targets are met, of those that can be judged."""
    judged = sum(counts[each] for each in (Verdict.MET, Verdict.NEAR, Verdict.MISSED))
    if not judged:
        return "No target can be judged yet."
    parts = [f"{counts[Verdict.MET]} of {format_count(judged, 'target is', 'targets are')} met"]
    if counts[Verdict.NEAR]:
        parts.append(f"{counts[Verdict.NEAR]} near")
    if counts[Verdict.MISSED]:
        parts.append(f"{counts[Verdict.MISSED]} missed")
    return f"{', '.join(parts)}."


def line_headline(cell: Cell) -> str:
    """Say what became of one figure, as the title of its chart."""
    if cell.actual is None:
        return f"{cell.line.label} has no figure on this day"
    now = format_unit(cell.actual, cell.definition.unit, None, cell.currency)
    if cell.change is None:
        return f"{cell.line.label} is {now}"
    if cell.change == 0:
        return f"{cell.line.label} stayed at {now} over three months"
    way = "rose" if cell.change > 0 else "fell"
    return f"{cell.line.label} {way} to {now} over three months"
