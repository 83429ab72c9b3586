"""A curve over bars as SVG, drawn here so that a page of two dozen needs no script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from common.formatting import format_unit
from metrics.health.curves import Curve
from metrics.health.recipe import AMBER_FROM, GREEN_FROM

Place = Callable[[Decimal], float]
Bars = Sequence[tuple[Decimal | None, Decimal | None, int, int, int]]
WIDTH, HEIGHT = 360, 124
LEFT, RIGHT, TOP, BOTTOM = 26, 8, 8, 20
TONES = ("red", "amber", "green")
BEYOND = 18  # the width of a bar that has no end
GAP = 1
LABEL = 6  # about the width of a letter


def draw_curve(curve: Curve, bars: Bars, unit: str, told: str) -> SafeString:
    """Return a curve from 0 to 100 points over bars of counts by band; ``told`` says it in words.

    A bar is ``(low, high, red, amber, green)``; one without an end stands beside the curve, which is level there.
    """
    first, last = float(curve[0][0]), float(curve[-1][0])
    before = BEYOND if any(low is None for low, *_ in bars) else 0
    after = BEYOND if any(high is None for _, high, *_ in bars) else 0
    start, end = LEFT + before, WIDTH - RIGHT - after
    ground = HEIGHT - BOTTOM

    def x(value: Decimal) -> float:
        return round(start + (float(value) - first) / (last - first) * (end - start), 1)

    def y(points: float) -> float:
        return round(ground - points / 100 * (ground - TOP), 1)

    path = "".join(
        f"{'L' if place else 'M'}{x(value)} {y(float(points))}" for place, (value, points) in enumerate(curve)
    )
    if before:
        path = f"M{LEFT} {y(float(curve[0][1]))}L{path[1:]}"
    if after:
        path += f"L{WIDTH - RIGHT} {y(float(curve[-1][1]))}"
    return format_html(
        '<svg class="abe-curve" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '{}{}<path class="abe-curve-line" d="{}"/>{}{}</svg>',
        WIDTH,
        HEIGHT,
        told,
        format_html_join(
            "",
            '<path class="abe-curve-level" d="M{} {}H{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
            (
                (LEFT, y(level), WIDTH - RIGHT, LEFT - 4, y(level) + 3.5, level)
                for level in (0, AMBER_FROM, GREEN_FROM, 100)
            ),
        ),
        format_html_join(
            "",
            '<rect class="is-{}" x="{}" y="{}" width="{}" height="{}"/>',
            _rectangles(bars, x, start, end, ground),
        ),
        path,
        format_html_join("", '<circle cx="{}" cy="{}" r="2.2"/>', ((x(v), y(float(p))) for v, p in curve)),
        format_html_join(
            "",
            '<text x="{}" y="{}" text-anchor="{}">{}</text>',
            ((place, HEIGHT - 6, anchor, text) for place, anchor, text in _labels(curve, x, unit)),
        ),
    )


def _rectangles(bars: Bars, x: Place, start: float, end: float, ground: float) -> list[tuple[object, ...]]:
    """Return the parts of each bar, red lowest, as (tone, x, y, width, height)."""
    most = max((sum(counts) for _, _, *counts in bars), default=0)
    found: list[tuple[object, ...]] = []
    for low, high, *counts in bars:
        left = LEFT if low is None else end if high is None else x(low)
        right = start if low is None else WIDTH - RIGHT if high is None else x(high)
        bottom = ground
        for tone, count in zip(TONES, counts, strict=True):
            if count:
                # Somebody is never nobody, however many others there are.
                height = max(round(count / most * (ground - TOP), 1), 1.0)
                found.append(
                    (
                        tone,
                        left + GAP / 2,
                        round(bottom - height, 1),
                        max(round(right - left - GAP, 1), 0.5),
                        height,
                    )
                )
                bottom -= height
    return found


def _labels(curve: Curve, x: Place, unit: str) -> list[tuple[float, str, str]]:
    """Return the values of the curve that have room below it: the ends first."""
    shown = unit if unit == "ratio" else ""
    texts = [format_unit(value, shown, 0 if unit == "ratio" else None) for value, _ in curve]
    places = [x(value) for value, _ in curve]
    found: list[tuple[float, str, str]] = []
    taken: list[tuple[float, float]] = []
    for place in (0, len(curve) - 1, *range(1, len(curve) - 1)):
        half = len(texts[place]) * LABEL / 2
        at = min(max(places[place], LEFT + half), WIDTH - RIGHT - half)
        if all(at + half + 4 < low or at - half - 4 > high for low, high in taken):
            taken.append((at - half, at + half))
            found.append((round(at, 1), "middle", texts[place]))
    return found
