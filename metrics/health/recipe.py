"""Health model 1, as a migration writes it. A published model is never edited: a better one is model 2."""

from __future__ import annotations

from dataclasses import dataclass

AMBER_FROM = 50
GREEN_FROM = 75

Curve = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One component: ``curve`` maps the metric's value to points from 0 to 100."""

    group: str
    key: str
    label: str
    weight: float
    curve: Curve


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A cap: with ``key`` at ``threshold`` or beyond, the score stays at ``ceiling`` at most."""

    key: str
    label: str
    threshold: float
    ceiling: float


MODEL_1: tuple[Part, ...] = (
    Part(
        "usage",
        "product.usage_trend",
        "Usage trend",
        25,
        ((0, 0), (0.5, 25), (0.8, 65), (1, 85), (1.25, 100)),
    ),
    Part(
        "usage",
        "product.days_since_last_use",
        "Last use",
        10,
        ((0, 100), (3, 95), (7, 80), (14, 50), (30, 0)),
    ),
    Part("usage", "product.active_users_30d", "Active users", 5, ((0, 0), (1, 40), (3, 70), (10, 100))),
    Part("usage", "product.features_used_30d", "Features in use", 10, ((0, 0), (2, 40), (5, 80), (8, 100))),
    Part(
        "support",
        "support.urgent_open_tickets",
        "Urgent tickets open",
        15,
        ((0, 100), (1, 55), (2, 25), (4, 0)),
    ),
    Part("support", "support.ticket_trend", "Ticket trend", 10, ((0.5, 100), (1, 85), (2, 45), (4, 0))),
    Part(
        "relationship",
        "engagement.days_since_touch",
        "Last touch",
        15,
        ((0, 100), (14, 100), (30, 80), (60, 45), (120, 0)),
    ),
    Part(
        "relationship",
        "engagement.committee_roles",
        "Committee roles engaged",
        10,
        ((0, 10), (1, 50), (3, 90), (4, 100)),
    ),
)

CAPS_1: tuple[Ceiling, ...] = (
    Ceiling("product.days_since_last_use", "No usage for 30 days", 30, 74),
    Ceiling("support.urgent_open_tickets", "Three urgent tickets open", 3, 74),
    Ceiling("engagement.days_since_touch", "No touch for 180 days", 180, 74),
)
