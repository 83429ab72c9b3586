"""The building blocks of every page: ``{% load abe %}``. Examples and looks: docs/frontend.md.

Values (each shows an absent value as a dash and a redacted one as redacted, with the reason):
  {% money 1234.5 "EUR" %}  {% money value currency short=True %}       €1,235 · €1.23M
  {% number value "tickets" %}  {% number value "days" decimals=1 %}    12 tickets
  {% percent 1.12 %}                                                    112.0% (takes a ratio)
  {% measure value unit currency %}       by unit: money, ratio, percent, points, or a noun
  {% delta change "points" good="up" %}   sign, colour and shape; good = up, down or none; unit as in measure
  {% date day %}  {% date moment relative=True %}                       22 Nov 2026, relative on hover
  {% tier tier %}  {% health score band %}  {% redacted value %}
  {% sparkline values "ARR, last 12 months" tone="accent" %}            server-drawn SVG

Marks and openers:
  {% icon "search" %}  {% icon "alert-triangle" label="At risk" %}      names: static/icons.json
  {% chip "Renewal in 40 days" tone="amber" icon="clock" url="…" %}     tone: red amber green accent neutral
  {% how url "How NRR is counted" %}                                    the small "how" opener
  {% explained url "NRR" %}{% percent nrr %}{% endexplained %}          makes the number itself the opener

Blocks:
  {% panel title="Open tickets" span=6 as_of=day how_url=url %}…{% endpanel %}
  {% state "empty" "No open tickets" %}What to do next.{% endstate %}   empty forbidden error partial
  {% data_table "Open tickets" %}<thead>…</thead><tbody>…</tbody>{% enddata_table %}
  {% sort_header "ARR" "arr" numeric=True %}                            a <th> that sorts by the URL's ?sort=
  {% field form.name %}                                                 label above, help below, error beside
  {% chart chart %}                                                     a common.charts.Chart
"""

from collections.abc import Sequence
from datetime import date as Date
from datetime import datetime
from typing import Any
from uuid import uuid4

from django import template
from django.conf import settings
from django.forms import BoundField
from django.http import HttpRequest
from django.template.context import RequestContext
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from common import formatting
from common.charts import Chart
from common.formatting import Number
from common.svg import sparkline_svg

register = template.Library()

TONES = {
    "red": "alert-octagon",
    "amber": "alert-triangle",
    "green": "circle-check",
    "accent": "info-circle",
    "neutral": "",
}
BAND_LABELS = {"red": "Red", "amber": "Amber", "green": "Green"}
BLANK = mark_safe('<span class="abe-none" title="No value"><span aria-hidden="true">–</span>')
ABSENT = mark_safe(f'{BLANK}<span class="visually-hidden">no value</span></span>')


@register.simple_tag
def icon(name: str, *, size: int = 16, label: str = "", css: str = "") -> SafeString:
    """Draw an icon of static/icons.json; without a label it is decoration and hidden from readers."""
    role = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="abe-icon {}" width="{}" height="{}" focusable="false" {}><use href="{}#{}"></use></svg>',
        css,
        size,
        size,
        role,
        static("dist/icons.svg"),
        name,
    )


def _special(value: Any) -> SafeString | None:
    """Return the mark for an absent or redacted value, or ``None`` for a value to be formatted."""
    if getattr(value, "is_redacted", False):
        return redacted(value)
    return ABSENT if value is None or value == "" else None


def _figure(text: str, *, title: str = "", css: str = "") -> SafeString:
    hint = format_html(' title="{}"', title) if title else ""
    return format_html('<span class="abe-num{}"{}>{}</span>', f" {css}" if css else "", hint, text)


@register.simple_tag
def redacted(value: Any) -> SafeString:
    """Show that a value exists but may not be read, with the reason; never as empty or zero."""
    reason = str(getattr(value, "reason", "") or "Your function may not read this.")
    return format_html(
        '<span class="abe-redacted abe-tip" tabindex="0" role="note" title="{0}">{1}<span>Redacted</span>'
        '<span class="visually-hidden">: {0}</span></span>',
        reason,
        icon("lock", size=12),
    )


@register.simple_tag
def money(
    value: Number | None, currency: str = "", *, decimals: int | None = None, short: bool = False
) -> SafeString:
    """Show an amount; ``short`` keeps three digits and the exact amount on hover."""
    if (mark := _special(value)) is not None or value is None:
        return mark or ABSENT
    exact = formatting.format_money(value, currency, decimals=2 if decimals is None else decimals)
    text = formatting.format_money(value, currency, decimals=decimals, short=short)
    return _figure(text, title=exact if short else "", css="is-negative" if value < 0 else "")


@register.simple_tag
def number(
    value: Number | None, unit: str = "", *, decimals: int | None = None, short: bool = False
) -> SafeString:
    """Show a number and, in a quieter voice, the noun it counts."""
    if (mark := _special(value)) is not None or value is None:
        return mark or ABSENT
    exact = formatting.format_number(value, decimals)
    text = formatting.format_short(value) if short else exact
    figure = _figure(text, title=exact if short else "")
    return (
        format_html('{}<span class="abe-unit">{}{}</span>', figure, formatting.NBSP, unit) if unit else figure
    )


@register.simple_tag
def percent(value: Number | None, *, decimals: int = 1) -> SafeString:
    """Show a ratio as per cent: 1.12 reads 112.0%."""
    if (mark := _special(value)) is not None or value is None:
        return mark or ABSENT
    return _figure(formatting.format_percent(value, decimals))


@register.simple_tag
def measure(
    value: Number | None,
    unit: str = "",
    currency: str = "",
    *,
    decimals: int | None = None,
    short: bool = False,
) -> SafeString:
    """Show a stored metric by its unit: ``money``, ``ratio``, ``percent``, or a noun."""
    if unit == "money":
        return money(value, currency, decimals=decimals, short=short)
    if unit in ("ratio", "percent", "%"):
        if (mark := _special(value)) is not None or value is None:
            return mark or ABSENT
        return _figure(formatting.format_unit(value, unit, decimals))
    return number(value, unit, decimals=decimals, short=short)


@register.simple_tag
def delta(
    value: Number | None,
    unit: str = "",
    *,
    currency: str = "",
    good: str = "up",
    decimals: int | None = None,
    short: bool = False,
    since: str = "",
) -> SafeString:
    """Show a change by sign, shape and colour; ``good`` says which direction is good news.

    ``since`` is said on hover, e.g. ``since 22 Oct 2026``.
    """
    if (mark := _special(value)) is not None or value is None:
        return mark or ABSENT
    if unit == "money":
        text = formatting.format_money(abs(value), currency, decimals=decimals, short=short)
    else:
        text = formatting.format_unit(abs(value), unit, decimals)
    way = "flat" if value == 0 else "up" if value > 0 else "down"
    tone = "flat" if value == 0 or good not in ("up", "down") else "good" if way == good else "bad"
    shape, word, sign = {
        "up": ("trend-up", "up", "+"),
        "down": ("trend-down", "down", formatting.MINUS),
        "flat": ("trend-flat", "unchanged", ""),
    }[way]
    return format_html(
        '<span class="abe-delta is-{}"{}>{}<span class="visually-hidden">{} </span>{}{}</span>',
        tone,
        format_html(' title="{}"', f"{word.capitalize()} {since}") if since else "",
        icon(shape, size=10),
        word,
        sign,
        text,
    )


@register.simple_tag
def sparkline(
    values: Sequence[Number | None] | None,
    label: str,
    *,
    tone: str = "muted",
    width: int = 72,
    height: int = 20,
    unit: str = "",
    currency: str = "",
) -> SafeString:
    """Draw a small line of the last values; its text says first, last, lowest and highest."""
    if (mark := _special(values)) is not None or values is None:
        return mark or ABSENT
    return sparkline_svg(values, label, tone=tone, width=width, height=height, unit=unit, currency=currency)


@register.simple_tag
def date(value: Date | None, *, relative: bool = False, time: bool = False) -> SafeString:
    """Show a day as 22 Nov 2026 with its distance on hover, or the other way round if ``relative``."""
    if (mark := _special(value)) is not None or value is None:
        return mark or ABSENT
    exact = formatting.format_date(value)
    day = value
    if isinstance(value, datetime):
        moment = timezone.localtime(value) if timezone.is_aware(value) else value
        day = moment.date()
        full = formatting.format_datetime(value)
        exact = full if time else exact
    else:
        full = exact
    distance = formatting.format_distance((day - timezone.localdate()).days)
    shown, title = (
        (distance, full) if relative else (exact, f"{full}, {distance}" if full != exact else distance)
    )
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), title, shown)


def _slug(value: Any) -> str:
    return "".join(
        letter if letter.isalnum() else "-" for letter in str(getattr(value, "value", value)).lower()
    )


@register.simple_tag
def tier(value: Any, *, name: str = "") -> SafeString:
    """Show a tier as a word with filled steps, so that its rank shows without colour."""
    if getattr(value, "is_redacted", False):
        return redacted(value)
    if not value:
        return mark_safe('<span class="abe-tier is-unset">No tier</span>')
    words = name or str(getattr(value, "label", "") or str(value).replace("_", " ").capitalize())
    steps = mark_safe('<span class="abe-tier-steps" aria-hidden="true"><i></i><i></i><i></i><i></i></span>')
    return format_html('<span class="abe-tier is-{}">{}{}</span>', _slug(value), steps, words)


@register.simple_tag
def health(score: Number | None, band: Any = "", *, coverage: Number | None = None) -> SafeString:
    """Show a score with its band as number, shape and word; without a score, that the data don't suffice."""
    if getattr(score, "is_redacted", False):
        return redacted(score)
    key = _slug(band) if band else ""
    if score is None or key not in BAND_LABELS:
        hint = (
            f"Only {formatting.format_percent(coverage, 0)} of the score's inputs are present"
            if coverage is not None
            else "Too few of the score's inputs are present"
        )
        return format_html(
            '<span class="abe-health is-unknown" title="{}">{}<span>Insufficient data</span></span>',
            hint,
            icon("circle-dashed", size=14),
        )
    return format_html(
        '<span class="abe-health is-{}">{}<span class="abe-num">{}</span><span>{}</span></span>',
        key,
        icon(f"band-{key}", size=12),
        formatting.format_number(score, 0),
        BAND_LABELS[key],
    )


@register.simple_tag
def chip(text: Any, *, tone: str = "neutral", icon: str = "", url: str = "", title: str = "") -> SafeString:
    """Show a short fact; a tone of state always brings a shape of its own."""
    if getattr(text, "is_redacted", False):
        return redacted(text)
    tone = tone if tone in TONES else "neutral"
    picture = _icon(icon or TONES[tone], size=13) if icon or TONES[tone] else ""
    hint = format_html(' title="{}"', title) if title else ""
    if url:
        return format_html(
            '<a class="abe-chip is-{}" href="{}"{}>{}<span>{}</span></a>', tone, url, hint, picture, text
        )
    return format_html('<span class="abe-chip is-{}"{}>{}<span>{}</span></span>', tone, hint, picture, text)


# ``chip`` takes a parameter called icon, which hides the tag of that name inside it.
_icon = icon


@register.simple_tag
def how(url: str, label: str = "How this is counted") -> SafeString:
    """Open formula, inputs, source, freshness and history: in a side sheet, or as a page without JavaScript."""
    if not url:
        return SafeString("")
    return format_html(
        '<a class="abe-how" href="{0}" hx-get="{0}" hx-target="#abe-sheet-body" hx-push-url="false" data-sheet'
        ' aria-label="{1}" title="{1}">{2}</a>',
        url,
        label,
        icon("formula", size=13),
    )


@register.simple_block_tag
def explained(content: str, url: str, label: str = "") -> SafeString:
    """Make a figure the link to its own explanation."""
    if not url:
        return mark_safe(content)
    name = format_html('<span class="visually-hidden">How {} is counted: </span>', label) if label else ""
    return format_html(
        '<a class="abe-explained" href="{0}" hx-get="{0}" hx-target="#abe-sheet-body" hx-push-url="false" data-sheet>'
        "{1}{2}</a>",
        url,
        name,
        mark_safe(content.strip()),
    )


@register.simple_block_tag(takes_context=True)
def panel(context: RequestContext, content: str, title: str, span: int = 6, **options: Any) -> str:
    """Frame content as a card of the 12-column grid; options as documented in components/panel.html."""
    return _render(
        context,
        "components/panel.html",
        {"title": title, "span": span, "body": mark_safe(content), **options},
    )


@register.simple_block_tag(takes_context=True)
def state(context: RequestContext, content: str, kind: str, title: str, **options: Any) -> str:
    """Say why there is nothing to see, or not everything: empty, forbidden, error or partial."""
    return _render(
        context,
        "components/state.html",
        {"kind": kind, "title": title, "body": mark_safe(content.strip()), **options},
    )


@register.simple_block_tag
def data_table(content: str, label: str, css: str = "", rows: str = "", frame: str = "") -> SafeString:
    """Wrap a table so that it scrolls inside its own frame, by keyboard too.

    ``css``: is-sticky, is-compact, is-stacking. ``frame``: is-page (the list is the page), is-tall.
    ``rows="open"`` lets j, k, Enter and x move over the rows.
    """
    keys = mark_safe(' data-rows="open"') if rows == "open" else ""
    return format_html(
        '<div class="abe-scroll {}" role="region" aria-label="{}" tabindex="0">'
        '<table class="abe-table {}"{}>{}</table></div>',
        frame,
        label,
        css,
        keys,
        mark_safe(content),
    )


@register.simple_tag(takes_context=True)
def sort_header(
    context: RequestContext, label: str, key: str, *, numeric: bool = False, title: str = "", css: str = ""
) -> SafeString:
    """Head a column that sorts by ``?sort=key``, and by ``?sort=-key`` when it does already.

    ``css``: is-pin keeps the column in sight when the table scrolls sideways.

    Numbers sort downwards first: the largest is what people look for.
    """
    request: HttpRequest = context["request"]
    current = str(context.get("sort", request.GET.get("sort", "")))
    ways = (f"-{key}", key) if numeric else (key, f"-{key}")
    target = ways[1] if current == ways[0] else ways[0]
    params = request.GET.copy()
    for dropped in ("after", "before", "cursor", "page"):
        params.pop(dropped, None)
    params["sort"] = target
    is_sorted = current in ways
    return format_html(
        '<th scope="col"{}{}{}><a class="abe-sort" href="?{}">{}{}</a></th>',
        format_html(' class="{}"', f"{css} is-num".strip() if numeric else css) if numeric or css else "",
        format_html(' aria-sort="{}"', "descending" if current.startswith("-") else "ascending")
        if is_sorted
        else "",
        format_html(' title="{}"', title) if title else "",
        params.urlencode(),
        label,
        icon(
            "chevron-down" if current == f"-{key}" else "chevron-up" if current == key else "selector",
            size=12,
        ),
    )


@register.simple_tag(takes_context=True)
def field(context: RequestContext, bound: BoundField, *, hint: str | None = None, label: str = "") -> str:
    """Show one form field: label above, help below, the error beside it and tied to the control.

    ``label`` and ``hint`` replace the form's own; an empty hint removes it.
    """
    text = bound.help_text if hint is None else hint
    described = [f"{bound.auto_id}_hint"] if text else []
    attrs: dict[str, str] = {}
    kind = bound.widget_type
    css = {"select": "form-select", "selectmultiple": "form-select", "checkbox": "form-check-input"}.get(
        kind, "form-control"
    )
    if kind in ("radioselect", "checkboxselectmultiple"):
        css = ""
    if bound.errors:
        described.append(f"{bound.auto_id}_error")
        attrs["aria-invalid"] = "true"
        css += " is-invalid"
    if described:
        attrs["aria-describedby"] = " ".join(described)
    held = bound.field.widget.attrs.get("class", "")
    attrs["class"] = f"{held} {css}".strip()
    return _render(
        context,
        "components/field.html",
        {
            "field": bound,
            "control": bound.as_widget(attrs=attrs),
            "hint": text,
            "label": label or bound.label,
            "kind": kind,
        },
    )


@register.simple_tag(takes_context=True)
def chart(context: RequestContext, value: Chart | None) -> str:
    """Draw a chart with the table behind it and its downloads."""
    if getattr(value, "is_redacted", False):
        return redacted(value)
    return _render(context, "components/chart.html", {"chart": value})


@register.simple_tag
def plain_static(path: str) -> str:
    """Return a static file's address without its hash, for the page that must work when all else fails."""
    return f"{settings.STATIC_URL}{path}"


@register.simple_tag
def unique_id(prefix: str = "abe") -> str:
    """Return an element id nobody else has on any page."""
    return f"{prefix}-{uuid4().hex[:8]}"


@register.filter
def initials(name: Any) -> str:
    """Return up to two initials for an avatar."""
    words = [word for word in str(name).replace("@", " ").replace(".", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


@register.simple_tag
def avatars(people: Sequence[Any], *, limit: int = 5) -> SafeString:
    """Show people as overlapping initials with name and role on hover; ``people`` have ``name`` and ``role``.

    Mappings, objects and plain names all do.
    """
    entries = [(_part(person, "name") or str(person), _part(person, "role")) for person in people]
    marks = format_html_join(
        "",
        '<li class="abe-avatar" title="{}"><span aria-hidden="true">{}</span>'
        '<span class="visually-hidden">{}</span></li>',
        (
            (text := f"{name}, {role}" if role else name, initials(name), text)
            for name, role in entries[:limit]
        ),
    )
    more = len(entries) - limit
    rest = format_html('<li class="abe-avatar is-more">+{}</li>', more) if more > 0 else ""
    return format_html('<ul class="abe-avatars">{}{}</ul>', marks, rest) if entries else ABSENT


def _part(person: Any, name: str) -> str:
    if isinstance(person, dict):
        return str(person.get(name) or "")
    return str(getattr(person, name, "") or "")


def _render(context: RequestContext, name: str, values: dict[str, Any]) -> str:
    """Render a component with the page's context beneath its own values."""
    engine = context.template.engine if context.template else None
    found = engine.get_template(name) if engine else template.Engine.get_default().get_template(name)
    with context.push(**values):
        return mark_safe(found.render(context))
