"""The row of a ticket as markup; by the template it took most of the time of a page."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

from support.queue.reading import Line, Worth

BOX = (
    '<td class="is-fit"><input class="form-check-input" type="checkbox" name="ticket" value="{}" '
    'aria-label="Select {}"></td>'
)
ROW = (
    '<tr data-key="{}">{}<td class="queue-left"><span class="queue-time is-{}">{}</span>'
    '<div class="abe-list-meta">{}</div></td><th scope="row" class="is-wrap queue-subject"><a href="{}">{}</a></th>'
    '<td data-label="Account"><a href="{}">{}</a><div class="abe-list-meta">{}</div></td>'
    '<td data-label="Priority">{}</td><td data-label="Status">{}</td>'
    '<td data-label="With">{}<div class="abe-list-meta">{}</div></td><td data-label="Customer wrote">{}</td>{}{}</tr>'
)
ARR = '<td class="is-num" data-label="ARR">{}</td>'
RENEWAL = '<td data-label="Renewal">{}</td>'
NOTHING = "–"


def row_of(line: Line, worth: Worth, *, may_give: bool) -> SafeString:
    """Return the row of a ticket with the columns that its reader may see."""
    return format_html(
        ROW,
        line.pk,
        format_html(BOX, line.pick, line.subject) if may_give else "",
        line.tone,
        line.left,
        line.clock_words,
        line.url,
        line.subject,
        line.account_url,
        line.account,
        line.tier_label or "No tier",
        line.priority,
        line.status,
        line.engineer or "Nobody",
        ", ".join(part for part in (line.team or _no_team(line), line.has_words) if part),
        line.wrote_words,
        format_html(ARR, line.arr_words or NOTHING) if worth.arr else "",
        format_html(RENEWAL, line.renewal_words or NOTHING) if worth.renewal else "",
    )


def _no_team(line: Line) -> str:
    """Return what stands for a team that there isn't; whoever has a ticket needs none."""
    return "" if line.engineer else "No team"
