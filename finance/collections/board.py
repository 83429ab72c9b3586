"""The board: every overdue claim in the column of what stands in its way, with filters and totals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.http import QueryDict

from common.export import Table, table_of
from common.formatting import format_date
from finance.collections.claims import Owed
from finance.collections.positions import Position
from finance.collections.task_words import ABOUT_CLAIMS
from finance.collections.writing import exact
from metrics.engine.plan import today
from people.access import Access, Redacted
from people.models import User
from pods.models import Task
from pods.tasks.reading import Shown as ShownTask
from tiers.entitlements.resolution import Entitled

COLUMNS = {
    "unasked": "Not asked yet",
    "relationship": "Relationship: CSM first",
    "asked": "Asked",
    "promised": "Promised",
    "paid": "Paid, to allocate",
    "disputed": "Disputed",
    "held": "Held",
}
TEXT = 200
A_COLUMN = 12
DISPUTES = 3


@dataclass(frozen=True)
class Card:
    """One claim as the board shows it, with the open tasks of who is at it."""

    position: Position
    column: str
    tasks: Sequence[ShownTask] = ()

    @property
    def amount(self) -> str:
        """What is overdue, in words."""
        return exact(self.position.claim.overdue, self.position.claim.currency)

    @property
    def rest(self) -> str:
        """What of it may be asked for, empty where that is all of it."""
        claim = self.position.claim
        return "" if claim.rest == claim.overdue else exact(claim.rest, claim.currency)

    @property
    def asked(self) -> str:
        """When it was asked last, empty where it wasn't."""
        last = self.position.last_asked
        return format_date(last.asked_on) if last else ""

    @property
    def disputed(self) -> Sequence[Owed]:
        """Its first disputed invoices."""
        return [owed for owed in self.position.claim.invoices if owed.disputed > 0][:DISPUTES]

    @property
    def more_disputed(self) -> int:
        """How many further ones there are."""
        return sum(owed.disputed > 0 for owed in self.position.claim.invoices) - len(self.disputed)

    @property
    def is_stuck(self) -> bool:
        """Whether nothing goes on until a person acts."""
        verdict = self.position.verdict
        pending = any(each.state in ("failed", "unknown") for each in self.position.messages)
        return verdict.kind in ("exhausted", "nobody", "paid", "relationship") or pending


@dataclass(frozen=True, slots=True)
class Search:
    """What the board is asked for; an unknown column falls back to all of them, an unknown tier finds nothing."""

    text: str
    tier: str
    currency: str
    column: str
    is_mine: bool

    @classmethod
    def from_params(cls, params: QueryDict) -> Search:
        """Read the address."""
        column, currency = params.get("column", ""), params.get("currency", "")[:3].upper()
        return cls(
            text=params.get("q", "").replace("\x00", "").strip()[:TEXT],
            tier=params.get("tier", "")[:32],
            currency=currency if currency.isalpha() else "",
            column=column if column in COLUMNS else "",
            is_mine=params.get("mine") == "1",
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether something may be missing because of what was asked."""
        return bool(self.text or self.tier or self.currency or self.column or self.is_mine)

    def fits(self, position: Position, email: str) -> bool:
        """Return whether a claim is among what was asked for, its column aside."""
        account, tier = position.account, position.entitled.tier
        return (
            self.text.casefold() in account.name.casefold()
            and self.tier in ("", tier.slug if tier else "none")
            and self.currency in ("", position.claim.currency)
            and (not self.is_mine or email in (account.owner_email, account.sponsor_email))
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """A column as one page shows it: its heaviest cards, how many there are, and totals by currency."""

    key: str
    label: str
    cards: Sequence[Card]
    count: int
    totals: Sequence[str]

    @property
    def more(self) -> int:
        """How many cards aren't shown."""
        return self.count - len(self.cards)


def column_of(position: Position) -> str:
    """Return the column in which a claim stands: what keeps it from being asked comes first."""
    kind = position.verdict.kind
    if kind in ("held", "promised", "paid", "disputed", "relationship"):
        return kind
    claim = position.claim
    if claim.account_hold is not None:
        return "held"
    if claim.promised > 0:
        return "promised"
    return "asked" if position.last_asked else "unasked"


def tasks_at(positions: Sequence[Position], access: Access) -> dict[int, list[ShownTask]]:
    """Return by account the open tasks about what it owes, one for whoever must act, first due first; one query."""
    found: dict[int, dict[str, ShownTask]] = defaultdict(dict)
    accounts = {position.account.pk for position in positions}
    waiting = Task.objects.open().filter(account_id__in=accounts, kind__in=ABOUT_CLAIMS)
    for task in waiting.select_related("assignee").order_by("due_on", "pk"):
        shown = ShownTask(task, access, today())
        found[task.account_id].setdefault(shown.who, shown)
    return {account: list(by_person.values()) for account, by_person in found.items()}


def all_cards(positions: Sequence[Position], access: Access) -> list[Card]:
    """Return a card for each claim."""
    tasks = tasks_at(positions, access)
    return [Card(each, column_of(each), tasks.get(each.account.pk, ())) for each in positions]


def cards_of(positions: Sequence[Position], search: Search, user: User, access: Access) -> list[Card]:
    """Return the cards asked for, the longest overdue first."""
    cards = all_cards([each for each in positions if search.fits(each, user.email)], access)
    found = [card for card in cards if search.column in ("", card.column)]
    return sorted(
        found,
        key=lambda card: (
            -card.position.claim.days_overdue,
            card.position.account.name,
            card.position.account.pk,
        ),
    )


def columns_of(cards: Sequence[Card], *, is_whole: bool) -> list[Shown]:
    """Return the columns with their cards; ``is_whole`` shows more of each."""
    by_column: dict[str, list[Card]] = defaultdict(list)
    for card in cards:
        by_column[card.column].append(card)
    most = A_COLUMN * 20 if is_whole else A_COLUMN
    return [
        Shown(key, label, by_column[key][:most], len(by_column[key]), totals_of(by_column[key]))
        for key, label in COLUMNS.items()
    ]


def totals_of(cards: Sequence[Card]) -> list[str]:
    """Return what is overdue by currency, the most frequent currency first."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    counts: dict[str, int] = defaultdict(int)
    for card in cards:
        claim = card.position.claim
        sums[claim.currency] += claim.overdue
        counts[claim.currency] += 1
    return [exact(sums[code], code) for code in sorted(sums, key=lambda code: (-counts[code], code))]


def board_table(cards: Sequence[Card], access: Access) -> Table:
    """Return the claims for a file."""
    labels: Mapping[str, str] = COLUMNS
    return table_of(
        "collections",
        cards,
        [
            ("account_id", "Account id", lambda card: card.position.account.pk),
            ("account", "Account", lambda card: card.position.account.name),
            ("tier", "Tier", lambda card: str(card.position.entitled.tier or "")),
            ("column", "Column", lambda card: labels[card.column]),
            ("currency", "Currency", lambda card: card.position.claim.currency),
            ("overdue", "Overdue", lambda card: card.position.claim.overdue),
            ("rest", "May be asked for", lambda card: card.position.claim.rest),
            ("disputed", "Disputed", lambda card: card.position.claim.disputed),
            ("held", "Held", lambda card: card.position.claim.held),
            ("promised", "Promised", lambda card: card.position.claim.promised),
            ("paid", "Paid, to allocate", lambda card: card.position.claim.paid),
            ("days_overdue", "Days overdue", lambda card: card.position.claim.days_overdue),
            ("invoices", "Invoices", lambda card: [each.number for each in card.position.claim.invoices]),
            (
                "asked_on",
                "Asked last",
                lambda card: last.asked_on if (last := card.position.last_asked) else None,
            ),
            ("with", "Who is at it", lambda card: [each.who for each in card.tasks]),
            ("next", "What follows", lambda card: card.position.verdict.why),
            ("collections", "Collections", lambda card: _words(card.position.entitled.seen_with(access))),
            ("as_of", "As of", lambda card: card.position.claim.day),
        ],
    )


def _words(entitled: Entitled | Redacted) -> str:
    return str(entitled) if isinstance(entitled, Redacted) else entitled.words
