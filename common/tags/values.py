"""Money, numbers, changes and dates."""

from collections.abc import Sequence
from datetime import date as day_type
from datetime import datetime

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common import formatting
from common.formatting import Number
from common.svg import sparkline_svg
from common.tags.library import register
from common.tags.marks import ABSENT, icon, special_mark


def _figure(text: str, *, title: str = "") -> SafeString:
    if title:
        return format_html('<span class="abe-num" title="{}">{}</span>', title, text)
    return format_html('<span class="abe-num">{}</span>', text)


@register.simple_tag
def money(
    value: Number | None, currency: str = "", *, decimals: int | None = None, short: bool = False
) -> SafeString:
    """Show an amount; ``short`` keeps three digits and the exact amount on hover."""
    if (mark := special_mark(value)) is not None or value is None:
        return mark or ABSENT
    text = formatting.format_money(value, currency, decimals=decimals, short=short)
    exact = (
        formatting.format_money(value, currency, decimals=2 if decimals is None else decimals)
        if short
        else ""
    )
    return _figure(text, title=exact)


@register.simple_tag
def number(
    value: Number | None, unit: str = "", *, decimals: int | None = None, short: bool = False
) -> SafeString:
    """Show a number and, in a quieter voice, the noun it counts."""
    if (mark := special_mark(value)) is not None or value is None:
        return mark or ABSENT
    exact = formatting.format_number(value, decimals)
    text = formatting.format_short(value) if short else exact
    figure = _figure(text, title=exact if short else "")
    if not unit:
        return figure
    noun = formatting.noun_for(text, unit)
    return format_html('{}<span class="abe-unit">{}{}</span>', figure, formatting.NBSP, noun)


@register.simple_tag
def percent(value: Number | None, *, decimals: int = 1) -> SafeString:
    """Show a ratio as per cent: 1.12 reads 112.0%."""
    if (mark := special_mark(value)) is not None or value is None:
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
        if (mark := special_mark(value)) is not None or value is None:
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
    if (mark := special_mark(value)) is not None or value is None:
        return mark or ABSENT
    size = -value if value < 0 else value
    if unit == "money":
        text = formatting.format_money(size, currency, decimals=decimals, short=short)
    else:
        text = formatting.format_unit(size, unit, decimals)
    # What reads as nothing is no news, good or bad.
    is_flat = not any(digit in text for digit in "123456789")
    way = "flat" if is_flat else "up" if value > 0 else "down"
    tone = "flat" if is_flat or good not in ("up", "down") else "good" if way == good else "bad"
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
    if (mark := special_mark(values)) is not None or values is None:
        return mark or ABSENT
    return sparkline_svg(values, label, tone=tone, width=width, height=height, unit=unit, currency=currency)


@register.simple_tag
def date(
    value: day_type | None, *, relative: bool = False, time: bool = False, clock: bool = False
) -> SafeString:
    """Show a day as 22 Nov 2026 with its distance on hover, or the other way round if ``relative``.

    ``clock`` tells the distance of a moment within two days in hours, for what somebody has to do by then.
    """
    if (mark := special_mark(value)) is not None or value is None:
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
    if clock and isinstance(value, datetime):
        relative, distance = True, formatting.format_clock(value, timezone.now())
    shown, title = (
        (distance, full) if relative else (exact, f"{full}, {distance}" if full != exact else distance)
    )
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), title, shown)


@register.simple_tag
def span(start: day_type | None, end: day_type | None) -> str:
    """Show the days from ``start`` to before ``end`` as 1 Jan 2026 – 31 Jan 2026, both days among them."""
    return formatting.format_span(start, end) or ABSENT
