"""Read an account's path to the next tier: the gap per criterion, what would close it, and what it brings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from accounts.conditions.explain import Finding, explain
from accounts.conditions.expression import (
    AnyOf,
    BrokenConditionError,
    Condition,
    ConditionError,
    parse_condition,
)
from accounts.models import Account, Tier
from people.access import Access
from tiers.entitlements.resolution import tiers_of, today
from tiers.entitlements.tables import ValueTable, changes_between, table_in_force
from tiers.models import PendingMove, RuleSet, ScorePoint, TierOverride, TierRule
from tiers.path.steps import Step, steps_to

State = Literal["open", "met", "hidden", "highest", "no_rules", "no_tier", "broken"]


@dataclass(frozen=True, kw_only=True)
class Way:
    """One rule by which the next tier is reached; ``name`` is the rule's."""

    name: str
    step: Step

    @property
    def criteria(self) -> list[Step]:
        """The rule's parts one below the other: single criteria and groups of alternatives."""
        return list(self.step.parts) if self.step.kind == "all" else [self.step]


@dataclass(frozen=True, kw_only=True)
class Points:
    """Where an account stands in a score: its points, those it takes, and what would bring some."""

    now: Decimal
    needed: Decimal
    hidden: int
    offers: Sequence[tuple[Decimal, Way]]

    @property
    def gap(self) -> Decimal:
        """The points that are missing, 0 where none are."""
        return max(self.needed - self.now, Decimal(0))


@dataclass(frozen=True, kw_only=True)
class Path:
    """The path of one account to the next tier up.

    ``state`` says how to read it: ``open`` has something to close, ``met`` has everything met already, ``hidden``
    turns on what the reader may not see; in the others there is nothing to measure. ``before`` are rules that come
    first and give a lower tier. ``override`` and ``waiting`` are what keeps the rules from counting just now.
    """

    state: State
    tier: Tier | None
    next: Tier | None = None
    rule_set: RuleSet | None = None
    ways: Sequence[Way] = ()
    before: Sequence[str] = ()
    points: Points | None = None
    brings: Sequence[str] = ()
    override: TierOverride | None = None
    waiting: PendingMove | None = None
    notes: Sequence[str] = ()

    @property
    def todo(self) -> list[str]:
        """What would close the gap by the nearest way."""
        return self.ways[0].step.todo() if self.ways and self.state != "met" else []


def path_of(account: Account, access: Access, *, as_of: date | None = None) -> Path:
    """Return the path of one account, with what the reader may not see left out and said so.

    A past day asks what held then, by the rules then in force. At most about eight queries, whatever the rules.
    """
    day = as_of or today()
    past = day if day < today() else None
    table = table_in_force(day)
    tier = tiers_of([account], table, past)[account.pk]
    if table.rule_set is None:
        return Path(state="no_rules", tier=tier)
    held: dict[str, Any] = {
        "tier": tier,
        "rule_set": table.rule_set,
        "override": TierOverride.objects.open_on(day)
        .select_related("tier", "author")
        .filter(account=account)
        .first(),
        "waiting": None if past else _waiting(account),
    }
    if tier is None:
        return Path(state="no_tier", **held)
    try:
        read = _by_score if table.rule_set.kind == RuleSet.Kind.SCORE else _by_rules
        return read(account, access, table, tier, past, held)
    except ConditionError:
        return Path(state="broken", **held)


def _waiting(account: Account) -> PendingMove | None:
    found: PendingMove | None = (
        PendingMove.objects.select_related("from_tier", "to_tier").filter(account=account).first()
    )
    return found


def _by_rules(
    account: Account,
    access: Access,
    table: ValueTable,
    tier: Tier,
    past: date | None,
    held: Mapping[str, Any],
) -> Path:
    assert table.rule_set is not None
    rules = list(table.rule_set.rules.select_related("tier").order_by("position"))
    above = [rule.tier for rule in rules if rule.tier.rank < tier.rank]
    if not above:
        return Path(state="highest", **held)
    goal = max(above, key=lambda one: one.rank)
    wanted = [rule for rule in rules if rule.tier_id == goal.pk]
    first = min(rule.position for rule in wanted)
    # Only a rule that comes before all of the goal's keeps every way shut.
    earlier = [rule for rule in rules if rule.position < first and rule.tier.rank > goal.rank]
    found, notes = _findings([*wanted, *earlier], account, access, past)
    ways = [Way(name=rule.name, step=steps_to(part)) for rule, part in zip(wanted, found, strict=False)]
    ways.sort(key=lambda way: way.step.distance)
    before = [
        f"“{rule.name}” comes first and gives {rule.tier.label}"
        for rule, part in zip(earlier, found[len(wanted) :], strict=True)
        if part.holds
    ]
    return Path(
        state=_state([way.step.is_met for way in ways], is_blocked=bool(before)),
        next=goal,
        ways=ways,
        before=before,
        brings=changes_between((table, tier), (table, goal)),
        notes=notes,
        **held,
    )


def _state(answers: Sequence[bool | None], *, is_blocked: bool) -> State:
    if True in answers and not is_blocked:
        return "met"
    return "hidden" if None in answers and False not in answers else "open"


def _by_score(
    account: Account,
    access: Access,
    table: ValueTable,
    tier: Tier,
    past: date | None,
    held: Mapping[str, Any],
) -> Path:
    assert table.rule_set is not None
    above = [
        one
        for one in table.rule_set.thresholds.select_related("tier")
        if one.tier.rank < tier.rank and one.enter is not None
    ]
    if not above:
        return Path(state="highest", **held)
    goal = max(above, key=lambda one: one.tier.rank)
    rows = list(table.rule_set.points.order_by("position"))
    found, notes = _findings(rows, account, access, past)
    now = sum((row.points for row, part in zip(rows, found, strict=True) if part.holds), Decimal(0))
    offers = sorted(
        (
            (abs(row.points), Way(name=row.name, step=steps_to(part, wanted=row.points > 0)))
            for row, part in zip(rows, found, strict=True)
            if part.holds is (row.points < 0)
        ),
        key=lambda offer: offer[1].step.distance / (offer[0] or 1),
    )
    hidden = sum(part.holds is None for part in found)
    points = Points(now=now, needed=goal.enter or Decimal(0), hidden=hidden, offers=offers)
    is_met = points.gap == 0
    return Path(
        state="hidden" if hidden else "met" if is_met else "open",
        next=goal.tier,
        points=points,
        brings=changes_between((table, tier), (table, goal.tier)),
        notes=notes,
        **held,
    )


def _findings(
    rows: Iterable[TierRule | ScorePoint], account: Account, access: Access, past: date | None
) -> tuple[Sequence[Finding], Sequence[str]]:
    """Return what each row's condition finds of the account, in one query for all of them."""
    conditions: list[Condition] = [parse_condition(row.condition) for row in rows]
    if not conditions:
        return (), ()
    found = explain(AnyOf(tuple(conditions)), account, as_of=past, access=access)
    if account.pk not in found:
        raise BrokenConditionError([])
    whole = found[account.pk]
    return whole.parts, whole.notes
