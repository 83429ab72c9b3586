"""What the page of an account's health shows, as tables for files."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from accounts.models import Account
from common.export import Table, table_of
from metrics.health.comparing import ShownChange
from metrics.health.explain import HealthExplanation, ShownPart
from metrics.health.green import WayToGreen
from metrics.models import AccountSentiment


def components_table(account: Account, told: HealthExplanation) -> Table:
    """Return the components, then what a limit did, then the score: the last column adds up."""
    rows: list[tuple[ShownPart | None, str, Any]] = [
        (part, part.label, part.contribution) for part in told.components
    ]
    if told.held:
        rows.append((None, f"Limit: {told.limit}" if told.limit else "Rounding of that day", told.held))
    if told.total is not None:
        rows.append((None, "Health", told.total))
    return table_of(
        f"health-{account.pk}-components",
        rows,
        [
            ("as_of", "Day", lambda _: told.score.as_of),
            ("component", "Component", lambda each: each[1]),
            ("key", "Key", lambda each: each[0].key if each[0] else ""),
            ("value", "Value", lambda each: each[0].value if each[0] else None),
            ("unit", "Unit", lambda each: each[0].unit if each[0] else "points"),
            ("points", "Points of 100", lambda each: each[0].points if each[0] else None),
            ("share", "Share of the weight", lambda each: round(each[0].share, 4) if each[0] else None),
            ("freshness", "Freshness", lambda each: each[0].freshness if each[0] else ""),
            ("costs", "Costs", lambda each: each[0].lost if each[0] else None),
            ("adds", "Adds", lambda each: each[2]),
        ],
    )


def change_table(account: Account, change: ShownChange) -> Table:
    """Return the parts of a change between the two scores: the last column adds up."""
    first: tuple[str, Decimal] = (f"Health on {change.before.as_of}", change.start)
    last: tuple[str, Decimal] = (f"Health on {change.after.as_of}", change.end)
    return table_of(
        f"health-{account.pk}-change",
        [(None, *first), *((part, part.label, part.points) for part in change.parts), (None, *last)],
        [
            ("part", "Part", lambda each: each[1]),
            ("before", "Before", lambda each: each[0].before if each[0] else None),
            ("after", "After", lambda each: each[0].after if each[0] else None),
            ("unit", "Unit", lambda each: each[0].unit if each[0] else ""),
            ("points", "Points", lambda each: each[2]),
        ],
    )


def green_table(account: Account, way: WayToGreen) -> Table:
    """Return the moves of each proposal."""
    return table_of(
        f"health-{account.pk}-to-green",
        [
            (place, proposal, move)
            for place, proposal in enumerate(way.proposals, start=1)
            for move in proposal.moves
        ],
        [
            ("proposal", "Proposal", lambda each: each[0]),
            ("reaches", "Health reached", lambda each: each[1].reaches),
            ("component", "Component", lambda each: each[2].label),
            ("key", "Key", lambda each: each[2].key),
            ("now", "Now", lambda each: each[2].now),
            ("to", "To", lambda each: each[2].to),
            ("unit", "Unit", lambda each: each[2].unit),
            ("gain", "Gain in points", lambda each: round(each[2].gain, 2)),
            ("effort", "Effort, share of the spread", lambda each: round(each[2].effort, 4)),
        ],
    )


def sentiments_table(account: Account, said: Sequence[AccountSentiment]) -> Table:
    """Return what people said of the account, the newest first."""
    return table_of(
        f"health-{account.pk}-sentiment",
        said,
        [
            ("sentiment", "Sentiment", lambda each: each.get_value_display()),
            ("reason", "Reason", lambda each: each.reason),
            ("author", "Author", lambda each: str(each.author)),
            ("set_at", "Set", lambda each: each.set_at),
            ("starts_on", "From", lambda each: each.starts_on),
            ("expires_on", "First day without it", lambda each: each.expires_on),
            ("ended_on", "Ended before", lambda each: each.ended_on),
        ],
    )
