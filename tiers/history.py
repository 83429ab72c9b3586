"""An account's way through the tiers: what it held and why, what waits, and what the rules say of it today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from accounts.conditions.explain import Finding, explain
from accounts.conditions.expression import AnyOf, BrokenConditionError, Condition
from accounts.models import Account, Tier, TierTenure
from metrics.engine.plan import today
from people.access import Access
from tiers.evaluation import CompiledRules, compile_rules, tenure_on, tier_held
from tiers.evaluation.compiled import CompiledRule
from tiers.models import PendingMove, RuleSet, TierOverride

MOST_TENURES = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Stay:
    """A time in a tier: ``began_on`` None is before we knew, ``ended_on`` None is still."""

    tier: Tier
    began_on: date | None
    ended_on: date | None
    cause: str
    reason: str
    by: str
    version: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleAnswer:
    """What one rule says of the account; ``is_first`` on the one that counts."""

    name: str
    tier: str
    holds: bool | None
    is_first: bool
    sentences: Sequence[str]


def stays_of(account: Account, until: date) -> list[Stay]:
    """Return the account's times in tiers that had begun by a day, the newest first; one query."""
    held = (
        TierTenure.objects.filter(
            Q(during__startswith=None) | Q(during__startswith__lte=until), account=account
        )
        .select_related("tier", "rule_set", "by")
        .order_by("-during")
    )
    return [
        Stay(
            tier=one.tier,
            began_on=one.during.lower,
            ended_on=one.during.upper if one.during.upper and one.during.upper <= until else None,
            cause=one.get_cause_display(),
            reason=one.reason[:1].upper() + one.reason[1:],
            by=str(one.by) if one.by else "",
            version=one.rule_set.version if one.rule_set else None,
        )
        for one in held[:MOST_TENURES]
    ]


def waiting_move(account: Account) -> PendingMove | None:
    """Return the move that waits for the account; one query."""
    return (
        PendingMove.objects.filter(account=account)
        .select_related("from_tier", "to_tier", "rule", "decided_by")
        .first()
    )


def overrides_of(account: Account) -> list[TierOverride]:
    """Return the overrides that hold or lie ahead, soonest first; one query."""
    held = TierOverride.objects.filter(account=account, ended_on=None, ends_on__gt=today())
    return list(held.select_related("tier", "author").order_by("starts_on"))


def answers_of(account: Account, rule_set: RuleSet, access: Access) -> list[RuleAnswer] | str:
    """Return what each rule of a version says of the account now, or why that can't be told.

    Values that the reader may not see are left out. For a set of points each condition answers with its points. A few
    queries, whatever the number of rules.
    """
    try:
        rules = compile_rules(rule_set)
        return _points(account, rules, access) if rules.points else _rules(account, rules, access)
    except BrokenConditionError as error:
        return f"The rules can’t be asked at present. {error}"


def _rules(account: Account, rules: CompiledRules, access: Access) -> list[RuleAnswer]:
    held = _rank_held(account)
    labels = dict(Tier.objects.values_list("pk", "label"))
    answers: list[RuleAnswer] = []
    is_decided = False
    ways = [_is_held(rule, held) for rule in rules.rules]
    told = _found(account, rules.conditions, ways, access)
    # Which rule counts is told by the history anyway, but not by which value.
    truths = _found(account, rules.conditions, ways, None) if any(one.holds is None for one in told) else told
    for rule, shown, truth in zip(rules.rules, told, truths, strict=True):
        is_first = bool(truth.holds) and not is_decided
        is_decided = is_decided or is_first
        answers.append(
            RuleAnswer(
                name=rule.name,
                tier=labels[rule.tier_id],
                holds=shown.holds,
                is_first=is_first,
                sentences=_sentences(shown),
            )
        )
        if is_decided:
            break
    return answers


def _found(
    account: Account, conditions: Sequence[Condition], ways: Sequence[bool], access: Access | None
) -> list[Finding]:
    """Return what each condition finds by its thresholds to stay or to enter; a query for each of the two."""
    every = AnyOf(tuple(conditions))
    found = {
        is_held: explain(every, [account.pk], is_held=is_held, access=access)[account.pk].parts
        for is_held in set(ways)
    }
    return [found[is_held][place] for place, is_held in enumerate(ways)]


def _rank_held(account: Account) -> int | None:
    """Return the rank that counts as held today, as evaluation has it."""
    rows = Account.objects.filter(pk=account.pk).alias(tiers_tenure=tenure_on(today()))
    tier: int | None = rows.values_list(tier_held(today()), flat=True).first()
    return Tier.objects.values_list("rank", flat=True).get(pk=tier) if tier else None


def _is_held(rule: CompiledRule, held: int | None) -> bool:
    return held is not None and held <= rule.rank


def _points(account: Account, rules: CompiledRules, access: Access) -> list[RuleAnswer]:
    answers = []
    told = _found(account, rules.conditions, [False] * len(rules.points), access)
    for point, shown in zip(rules.points, told, strict=True):
        answers.append(
            RuleAnswer(
                name=point.name,
                tier=f"{point.points:+f} points",
                holds=shown.holds,
                is_first=False,
                sentences=_sentences(shown),
            )
        )
    return answers


def _sentences(found: Finding) -> list[str]:
    return [leaf.sentence for leaf in found.leaves()]
