"""Small drawings made on the server, without a style attribute so that a strict CSP holds."""

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString

from common.formatting import Number, format_unit

PADDING = 2.5


def sparkline_svg(
    values: Sequence[Number | None],
    label: str,
    *,
    tone: str = "muted",
    width: int = 72,
    height: int = 20,
    unit: str = "",
    currency: str = "",
) -> SafeString:
    """Return a line through the values with a dot at the newest; gaps stay gaps.

    ``tone`` is ``muted``, ``accent``, ``green``, ``amber`` or ``red``.
    """
    known = [(index, float(value)) for index, value in enumerate(values) if value is not None]
    if not known:
        return format_html('<span class="abe-none" title="{}: no values">–</span>', label)
    low, high = min(value for _, value in known), max(value for _, value in known)
    step = (width - 2 * PADDING) / max(len(values) - 1, 1)
    scale = (height - 2 * PADDING) / (high - low) if high > low else 0.0

    def place(index: int, value: float) -> tuple[float, float]:
        y = height - PADDING - (value - low) * scale if scale else height / 2
        return round(PADDING + index * step, 1), round(y, 1)

    path = ""
    previous = -2
    for index, value in known:
        x, y = place(index, value)
        path += f"{'L' if index == previous + 1 else 'M'}{x} {y}"
        previous = index
    first, last = known[0][1], known[-1][1]
    words = [format_unit(value, unit, None, currency) for value in (first, last, low, high)]
    text = "{}: from {} to {}, lowest {}, highest {}".format(label, *words)
    x, y = place(*known[-1])
    return format_html(
        '<svg class="abe-spark is-{}" width="{}" height="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<title>{}</title><path d="{}" fill="none"/><circle cx="{}" cy="{}" r="2"/></svg>',
        tone,
        width,
        height,
        width,
        height,
        text,
        text,
        path,
        x,
        y,
    )
