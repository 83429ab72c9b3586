"""Health models 1 and 2, as migrations write them. A published model is never edited: a better one is model 3."""

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

# Usage weighs 47 of 100, so that without any there is too little to score. What every installation has (use, tickets,
# touches) weighs 60, so that seats, surveys, invoices and terms refine a score but aren't needed for one. How much one
# user does depends on what a product sends as an event, so depth is left to models that know the product.
MODEL_2: tuple[Part, ...] = (
    Part(
        "usage",
        "product.usage_trend",
        "Usage trend",
        21,
        ((0, 0), (0.5, 25), (0.8, 65), (1, 85), (1.25, 100)),
    ),
    Part(
        "usage",
        "product.days_since_last_use",
        "Days since last use",
        15,
        ((0, 100), (3, 95), (7, 80), (14, 50), (30, 0)),
    ),
    Part(
        "usage",
        "product.adoption",
        "Adoption",
        6,
        ((0, 0), (0.3, 40), (0.5, 65), (0.7, 85), (0.9, 100)),
    ),
    Part(
        "usage", "product.seat_use", "Seats in use", 5, ((0, 0), (0.3, 35), (0.6, 75), (0.85, 95), (1, 100))
    ),
    Part(
        "support",
        "support.urgent_open_tickets",
        "Urgent tickets open",
        8,
        ((0, 100), (1, 55), (2, 25), (4, 0)),
    ),
    Part(
        "support",
        "support.tickets_per_100_seats",
        "Tickets per 100 seats",
        3,
        ((0, 95), (5, 100), (20, 80), (50, 40), (100, 0)),
    ),
    Part(
        "support",
        "support.reopen_rate",
        "Reopen rate",
        1,
        ((0, 100), (0.05, 90), (0.1, 75), (0.2, 45), (0.4, 0)),
    ),
    Part("support", "support.csat", "CSAT", 3, ((0.5, 0), (0.75, 40), (0.85, 65), (0.95, 90), (1, 100))),
    Part(
        "support",
        "support.escalations_90d",
        "Escalations",
        3,
        ((0, 100), (1, 70), (2, 45), (4, 15), (6, 0)),
    ),
    Part(
        "relationship",
        "engagement.days_since_touch",
        "Last touch",
        10,
        ((0, 100), (14, 100), (30, 80), (60, 45), (120, 0)),
    ),
    Part(
        "relationship",
        "engagement.committee_coverage",
        "Committee coverage",
        6,
        ((0, 10), (0.25, 45), (0.5, 70), (0.75, 90), (1, 100)),
    ),
    Part(
        "relationship",
        "engagement.days_since_sponsor_touch",
        "Sponsor's last touch",
        2,
        ((0, 100), (30, 100), (90, 75), (180, 25), (270, 0)),
    ),
    Part("relationship", "engagement.nps", "NPS", 2, ((-50, 0), (0, 40), (30, 65), (50, 85), (80, 100))),
    Part(
        "relationship",
        "engagement.days_since_business_review",
        "Last business review",
        2,
        ((0, 100), (35, 100), (95, 75), (185, 30), (365, 0)),
    ),
    Part(
        "finance",
        "finance.days_beyond_terms",
        "Days beyond terms",
        5,
        ((0, 100), (5, 90), (15, 70), (30, 40), (60, 0)),
    ),
    Part("finance", "finance.disputed_share", "Disputes", 3, ((0, 100), (0.02, 80), (0.1, 40), (0.25, 0))),
    Part(
        "contract",
        "finance.days_until_decision",
        "Renewal risk window",
        5,
        ((0, 40), (30, 50), (90, 75), (180, 100)),
    ),
)
