"""What would follow otherwise by now than was previewed, account by account and in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from accounts.conditions.explain import explain
from accounts.models import Account, Tier
from common.formatting import format_date, format_number
from metrics.engine.plan import today
from metrics.engine.steps import STEP_SETTINGS
from metrics.statements import Statement, load
from tiers.assignment.apply import apply_verdicts
from tiers.assignment.decide import terms_of
from tiers.evaluation import CompiledRules, compile_rules
from tiers.models import PreviewRow, PreviewRun, RuleSet
from tiers.preview.judging import Question, forget_outlook, judged_accounts, look_ahead

SHOWN = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One account for which something else would follow now than was previewed, both in words."""

    account_id: int
    name: str
    previewed: str
    now: str
    why: str


class PreviewOutdatedError(Exception):
    """What would happen isn't what was previewed: nothing was applied. ``differences`` holds the first of ``count``."""

    def __init__(self, differences: Sequence[Difference], count: int) -> None:
        super().__init__(f"{count} accounts would move otherwise than previewed.")
        self.differences, self.count = list(differences), count


def follow_preview(published: RuleSet, run: PreviewRun, *, is_any_accepted: bool = False) -> int:
    """Make the moves of a version that came into force on its day; call in its transaction, under the lock of tiers.

    Return for how many accounts something else follows than was previewed. That raises PreviewOutdatedError, unless
    ``is_any_accepted``.
    """
    with connection.cursor() as cursor:
        cursor.execute(STEP_SETTINGS)
    terms = terms_of(published)
    asked = Question(rules=compile_rules(published), terms=terms, on=today())
    look_ahead(asked, judged_accounts(asked, Account.objects.live(), has_details=False))
    found, count = differences_of(run, load("tiers", "preview_now"), today())
    if count and not is_any_accepted:
        raise PreviewOutdatedError(found, count)
    # What was compared is what is applied, whatever others write into accounts meanwhile.
    apply_verdicts(load("tiers", "preview_verdict"), terms, on=today(), ruled_since=published.starts_on)
    forget_outlook()
    return count


def differences_since(
    run: PreviewRun, newer: PreviewRun, *, shown: int = SHOWN
) -> tuple[list[Difference], int]:
    """Return the first accounts for which a newer preview of the same content says otherwise, and how many they are."""
    return differences_of(run, load("tiers", "preview_then", run=newer.pk), newer.on, shown=shown)


def differences_of(
    run: PreviewRun, now: Statement, on: date, *, shown: int = SHOWN
) -> tuple[list[Difference], int]:
    """Return the first accounts for which something else follows ``now`` than was previewed, and how many they are.

    ``now`` gives rows as those of a preview, without the accounts that just stay.
    """
    # Days until which moves wait count from the day of publishing, so they only compare on the same day.
    found = load("tiers", "preview_differences", run=run.pk, now=now, with_days=run.on == on).fetch_dicts()
    return _told(found[:shown], compile_rules(run.rule_set)) if found else [], len(found)


def _told(found: Sequence[dict[str, Any]], rules: CompiledRules) -> list[Difference]:
    reasons = _reasons(found, rules)
    labels = dict(Tier.objects.values_list("pk", "label"))
    return [
        Difference(
            account_id=one["account_id"],
            name=one["name"] or "",
            previewed=outcome_words(
                one["was_outcome"], labels.get(one["was_from"]), labels.get(one["was_to"]), one["was_until"]
            ),
            now=outcome_words(
                one["outcome"], labels.get(one["from_tier_id"]), labels.get(one["to_tier_id"]), one["until"]
            ),
            why=reasons.get(one["account_id"], ""),
        )
        for one in found
    ]


def _reasons(found: Sequence[dict[str, Any]], rules: CompiledRules) -> dict[int, str]:
    """Return by account which rule decides now and what it finds; a query for each rule that does."""
    asked: dict[int, list[int]] = defaultdict(list)
    told: dict[int, str] = {}
    for one in found:
        if one["score"] is not None:
            told[one["account_id"]] = f"{format_number(one['score'])} points."
        elif one["place"] is not None:
            asked[one["place"]].append(one["account_id"])
    for place, ids in asked.items():
        rule = rules.rules[place - 1]
        entering = explain(rule.condition, ids)
        staying = explain(rule.condition, ids, is_held=True) if rule.has_stay else entering
        for pk, finding in entering.items():
            counts = finding if finding.holds else staying[pk]
            leaves = "; ".join(leaf.sentence for leaf in counts.leaves() if leaf.holds)
            told[pk] = f"“{rule.name}”: {leaves or 'no rule above it fits'}."
    return told


def outcome_words(outcome: str | None, before: str | None, after: str | None, until: date | None) -> str:
    """Return in words what happens to an account, such as “Growth to Standard after its grace on 22 Dec 2026”."""
    if outcome is None or outcome == PreviewRow.Outcome.STAYS:
        return "stays"
    way = f"{before} to {after}" if before else f"to {after}"
    day = f" {format_date(until)}" if until else ""
    said = {
        "now": f"{way} at once",
        "first": f"{way}, its first tier",
        "grace": f"{way} if it lasts until{day}",
        "dwell": f"{way} after its dwell on{day}",
        "approval": f"{way} once approved",
        "refused": f"{way} was not approved",
        "override": f"stays {before} by an override until{day}, the rules say {after}",
    }
    return said[outcome]
