"""The accounts behind a figure of the scoreboard: what each brings, and what the figure would be without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from accounts.models import Account
from metrics.registry import Definition, account_parts
from metrics.scoreboard.registry import Segment
from metrics.statements import load
from people.access import Access
from people.models import Category, Level

SHOWN = 50
ALL = 1_000_000
WORST, BEST = "worst", "best"


@dataclass(frozen=True, slots=True)
class Behind:
    """One account behind a figure.

    ``effect`` is the figure with the account less the figure without it; None where it is the only one.
    """

    account_id: int
    name: str
    tier: str
    numerator: Decimal
    denominator: Decimal
    value: Decimal | None
    effect: Decimal | None

    is_ratio: bool = False

    @property
    def effect_shown(self) -> Decimal | None:
        """The effect as it is shown: of a ratio in percentage points."""
        return self.effect * 100 if self.is_ratio and self.effect is not None else self.effect

    @property
    def url(self) -> str:
        """The account's page."""
        return Account(pk=self.account_id).get_absolute_url()


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts behind a figure: ``shown`` of ``total``; ``hidden`` ones aren't named, ``why`` says why none is.

    ``page`` is that of those shown, from 1.
    """

    shown: Sequence[Behind]
    page: int = 1
    total: int = 0
    hidden: int = 0
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    why: str = ""

    @property
    def first(self) -> int:
        """The place of the first one shown, from 1."""
        return (self.page - 1) * SHOWN + 1

    @property
    def last(self) -> int:
        """The place of the last one shown."""
        return self.first + len(self.shown) - 1

    @property
    def has_next(self) -> bool:
        """Whether more of those that may be named follow."""
        return self.last < self.total - self.hidden


def read_accounts(
    definition: Definition,
    segment: Segment,
    day: date,
    access: Access,
    *,
    order: str = WORST,
    page: int = 1,
    limit: int = SHOWN,
) -> Accounts:
    """Return the accounts that move a figure most, those that pull it the wrong way first; one query.

    Naming accounts takes the whole category, not only its totals, and the profile. A page beyond the last one gives the
    first.
    """
    for category in (definition.category, Category.ACCOUNT_PROFILE):
        if not access.allows(category, Level.FULL):
            return Accounts([], why=access.why_not(category))
    parts = account_parts.get(definition.key)
    if parts is None:
        return Accounts([], why="This figure isn't a sum of what accounts bring, so none stands behind it.")
    is_up_good = definition.direction != "down"
    dimension, member = segment
    rows = load(
        "metrics",
        "segment_accounts",
        placed=parts.query(day),
        dimension=dimension,
        member=member,
        fewest=parts.fewest,
        sign=1 if is_up_good == (order == WORST) else -1,
        limit=limit,
        offset=(page - 1) * limit,
    ).fetch_dicts()
    if not rows and page > 1:
        return read_accounts(definition, segment, day, access, order=order, limit=limit)
    if not rows:
        none_named = "None of its accounts has enough answers to be named."
        return Accounts([], why=none_named if parts.fewest else "No account has a part in it.")
    first = rows[0]
    columns = ("account_id", "name", "tier", "numerator", "denominator", "value", "effect")
    is_ratio = definition.unit == "ratio"
    return Accounts(
        [Behind(**{name: row[name] for name in columns}, is_ratio=is_ratio) for row in rows],
        page=page,
        total=first["accounts"],
        hidden=first["hidden"],
        numerator=first["whole_numerator"],
        denominator=first["whole_denominator"],
    )
