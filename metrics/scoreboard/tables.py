"""The scoreboard and a line of it as files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from common.export import Offer, Table, table_of
from metrics.models import Goal, ScoreTarget
from metrics.registry import Definition
from metrics.scoreboard.accounts import Behind
from metrics.scoreboard.reading import Cell, Group

CELL_COLUMNS: list[tuple[str, str, Any]] = [
    ("actual", "Actual", lambda cell: cell.actual),
    ("unit", "Unit", lambda cell: cell.definition.unit),
    ("target", "Target", lambda cell: cell.target_words),
    ("verdict", "Stands", lambda cell: "" if cell.is_redacted else cell.verdict.label),
    ("person", "Who answers for it", lambda cell: str(cell.held.person or "")),
    ("change", "Change", lambda cell: cell.change),
    ("since", "Since", lambda cell: cell.since),
    ("numerator", "Numerator", lambda cell: cell.numerator),
    ("denominator", "Denominator", lambda cell: cell.denominator),
    ("accounts", "Accounts", lambda cell: cell.accounts),
    ("provisional", "Provisional", lambda cell: cell.provisional),
]


def board_table(groups: Iterable[Group]) -> Table:
    """Return every line as the page shows it."""
    return table_of(
        "scoreboard",
        [cell for group in groups for cell in group.cells],
        [
            ("owner", "Owner", lambda cell: cell.line.owner.label),
            ("line", "Line", lambda cell: cell.line.label),
            ("segment", "Segment", lambda cell: cell.segment_label),
            *CELL_COLUMNS,
        ],
    )


def members_table(line: str, cells: Sequence[Cell]) -> Table:
    """Return a line by segment."""
    return table_of(
        f"{line}-segments".replace(".", "-"),
        cells,
        [("segment", "Segment", lambda cell: cell.segment_label), *CELL_COLUMNS],
    )


def accounts_table(line: str, rows: Iterable[Behind], definition: Definition) -> Table:
    """Return the accounts behind a figure."""
    return table_of(
        f"{line}-accounts".replace(".", "-"),
        rows,
        [
            ("account_id", "Account id", lambda row: row.account_id),
            ("name", "Account", lambda row: row.name),
            ("tier", "Tier", lambda row: row.tier),
            ("value", definition.label, lambda row: row.value),
            ("numerator", "Numerator", lambda row: row.numerator),
            ("denominator", "Denominator", lambda row: row.denominator),
            ("effect", "What it does to the figure", lambda row: row.effect),
        ],
    )


def targets_table(line: str, targets: Iterable[ScoreTarget]) -> Table:
    """Return the targets that were set for a line."""
    return table_of(
        f"{line}-targets".replace(".", "-"),
        targets,
        [
            ("starts_on", "From", lambda row: row.starts_on),
            ("dimension", "Dimension", lambda row: row.dimension),
            ("member", "Segment", lambda row: row.member),
            ("goal", "Goal", lambda row: str(Goal(row.goal).label)),
            ("value", "Value", lambda row: row.value),
            ("person", "Who answers for it", lambda row: str(row.person or "")),
            ("author", "Set by", lambda row: str(row.author or "")),
            ("reason", "Reason", lambda row: row.reason),
        ],
    )


def line_offers(
    line: str,
    cells: Sequence[Cell],
    accounts: Any,
    targets: Sequence[ScoreTarget],
    definition: Definition,
) -> list[Offer]:
    """Return what the page of a line offers as files; ``accounts`` reads all of them when it is asked for."""
    offers = [Offer("segments", "By segment", lambda: members_table(line, cells))] if cells else []
    if accounts is not None:
        offers.append(
            Offer("accounts", "Accounts behind it", lambda: accounts_table(line, accounts(), definition))
        )
    if targets:
        offers.append(Offer("targets", "Targets", lambda: targets_table(line, targets)))
    return offers
