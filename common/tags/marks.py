"""Icons, redaction, absence, badges and people: what is read at a glance."""

from collections.abc import Sequence
from functools import lru_cache
from math import floor
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from common import formatting
from common.formatting import Number
from common.tags.library import register

TONES = {
    "red": "alert-octagon",
    "amber": "alert-triangle",
    "green": "circle-check",
    "accent": "info-circle",
    "neutral": "",
}
BAND_LABELS = {"red": "Red", "amber": "Amber", "green": "Green"}
ICON = '<svg class="abe-icon {}" width="{}" height="{}" focusable="false" {}><use href="{}#{}"></use></svg>'
BLANK = SafeString('<span class="abe-none" title="No value"><span aria-hidden="true">–</span>')
ABSENT = SafeString(f'{BLANK}<span class="visually-hidden">no value</span></span>')


@register.simple_tag
def icon(name: str, *, size: int = 16, label: str = "", css: str = "") -> SafeString:
    """Draw an icon of static/icons.json; without a label it is decoration and hidden from readers."""
    if not label:
        return _decoration(name, size, css)
    return format_html(
        ICON, css, size, size, format_html('role="img" aria-label="{}"', label), _sprite(), name
    )


# A list page draws hundreds of the same few icons: kept, one costs 0.3 instead of 26 microseconds.
@lru_cache(maxsize=512)
def _decoration(name: str, size: int, css: str) -> SafeString:
    return format_html(ICON, css, size, size, SafeString('aria-hidden="true"'), _sprite(), name)


def _sprite() -> str:
    return static("dist/icons.svg")


def special_mark(value: Any) -> SafeString | None:
    """Return the mark for an absent or redacted value, or ``None`` for a value to be formatted."""
    if getattr(value, "is_redacted", False):
        return redacted(value)
    return ABSENT if value is None or value == "" else None


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
def provisional(reason: str, *, short: bool = False) -> SafeString:
    """Mark a number that rests on data older than expected, with the reason; nothing without one.

    ``short`` leaves the word to hover and readers, for the heads of columns, which are links themselves.
    """
    if not reason:
        return SafeString("")
    picture = icon("clock-exclamation", size=12)
    if short:
        return format_html(
            '<span class="abe-provisional" title="Provisional. {0}">{1}'
            '<span class="visually-hidden"> (provisional: {0})</span></span>',
            reason,
            picture,
        )
    return format_html(
        '<span class="abe-provisional abe-tip" tabindex="0" role="note" title="{0}">{1}'
        '<span>Provisional</span><span class="visually-hidden">: {0}</span></span>',
        reason,
        picture,
    )


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
        return SafeString('<span class="abe-tier is-unset">No tier</span>')
    words = name or str(getattr(value, "label", "") or str(value).replace("_", " ").capitalize())
    steps = SafeString('<span class="abe-tier-steps" aria-hidden="true"><i></i><i></i><i></i><i></i></span>')
    return format_html('<span class="abe-tier is-{}">{}{}</span>', _slug(value), steps, words)


@register.simple_tag
def health(score: Number | None, band: Any = "", *, coverage: Number | None = None) -> SafeString:
    """Show a score's whole points with its band as number, shape and word; without it, that the data don't suffice."""
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
        # Bands begin at whole points: rounded up, what just misses one would read as if it had reached it.
        formatting.format_number(floor(score), 0),
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


@register.simple_tag
def plain_static(path: str) -> str:
    """Return a static file's address without its hash, for the page that must work when all else fails."""
    return f"{settings.STATIC_URL}{path}"


@register.simple_tag
def unique_id(prefix: str = "abe") -> str:
    """Return an element id nobody else has on any page."""
    return f"{prefix}-{uuid4().hex[:8]}"
