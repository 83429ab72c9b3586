"""The life cycle of rule sets: what stands for their content, and how two of them differ in words."""

from __future__ import annotations

from accounts.conditions.values import is_storable
from accounts.lists.graph import hold_conditions
from common.versions.cycle import DatedLifecycle
from tiers.content import RuleSetError, problems_of, read_content, read_whole
from tiers.models import RuleSet
from tiers.words import differences


def seen_of(rule_set: RuleSet) -> str:
    """Return what somebody sees who looks at a version now: its content, and which version is in force."""
    return cycle.seen(rule_set)


def _refuse_problems(held: RuleSet) -> None:
    # A list that rules ask about could come to ask for the tier in this very moment.
    hold_conditions()
    problems = problems_of(read_content(held))
    if problems:
        raise RuleSetError(problems)


def _saved_since(held: RuleSet, digest: str) -> tuple[str, list[str]]:
    # What somebody says to have seen is theirs: a digest, or anything else.
    seen = held.revisions.filter(digest=digest).first() if is_storable(digest) else None
    newest = held.revisions.select_related("saved_by").first()
    who = str(newest.saved_by) if newest and newest.saved_by else ""
    return who, differences(seen.content, read_whole(held)) if seen else []


cycle = DatedLifecycle(
    model=RuleSet,
    mark=lambda held: held.digest,
    check=_refuse_problems,
    differences=lambda before, after: differences(read_whole(before), read_whole(after)),
    saved_since=_saved_since,
)
