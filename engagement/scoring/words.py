"""Point models in words: what a rule asks, how points fade, and what changed from one version to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from accounts.conditions.expression import ConditionError, stored_condition
from accounts.conditions.words import differences as condition_differences
from accounts.conditions.words import words
from common.formatting import format_number
from engagement.models import ScoreRule
from engagement.scoring.services import RuleDraft
from engagement.scoring.signals import SIGNALS

Rule = RuleDraft | ScoreRule
HALVINGS = 4
STEPS = 6


def rule_words(rule: Rule) -> str:
    """Return what a rule gives its points for; what is gone is told by its key."""
    if rule.signal:
        signal = SIGNALS.get(rule.signal)
        return signal.label if signal else f"{rule.signal} (no longer known)"
    if rule.condition is None:
        return ""
    try:
        return words(stored_condition(rule.condition))
    except ConditionError as error:
        return " ".join(str(problem) for problem in error.problems)


def points_words(points: Decimal) -> str:
    """Return points with their sign."""
    sign = "+" if points > 0 else "−"
    return f"{sign}{format_number(abs(points), _decimals(points))}"


def strongest(rules: Sequence[ScoreRule]) -> ScoreRule | None:
    """Return the rule about what happened that gives most: the one that fading is shown by."""
    happened = [rule for rule in rules if rule.signal]
    return max(happened, key=lambda rule: abs(rule.points), default=None)


def fading_words(rule: ScoreRule, half_life_days: int) -> str:
    """Return “Meeting counts 20 today, 10 after 30 days and 5 after 60 days”."""
    points = abs(rule.points)
    steps = [_number(points / 2**halved) for halved in range(3)]
    return (
        f"{rule.name} counts {steps[0]} today, {steps[1]} after {half_life_days} days and "
        f"{steps[2]} after {2 * half_life_days} days"
    )


def faded(points: Decimal, half_life_days: int) -> list[tuple[int, Decimal]]:
    """Return ``(days, points left)`` over four half-lives, in equal steps."""
    days = range(0, HALVINGS * half_life_days + 1, max(1, round(half_life_days / STEPS)))
    return [
        (day, (points * Decimal(0.5 ** (day / half_life_days))).quantize(Decimal("0.01"))) for day in days
    ]


def model_differences(
    before: Sequence[Rule], after: Sequence[Rule], half_lives: tuple[int | None, int | None]
) -> list[str]:
    """Return what changed, a sentence for each change; rules are matched by name."""
    found = []
    if half_lives[0] != half_lives[1]:
        told = [f"{days} days" if days else "none" for days in half_lives]
        found.append(f"Half-life: {told[0]}, now {told[1]}")
    held, wanted = _by_name(before), _by_name(after)
    found += [f"“{rule.name}” removed ({_points(rule)})" for key, rule in held.items() if key not in wanted]
    for key, rule in wanted.items():
        if key in held:
            found += [f"“{rule.name}”: {change}" for change in _changes(held[key], rule)]
        else:
            found.append(f"“{rule.name}” added: {_points(rule)} for {rule_words(rule)}")
    kept = [key for key in held if key in wanted]
    if kept != [key for key in wanted if key in held]:
        found.append("The rules stand in another order")
    return found


def _by_name(rules: Sequence[Rule]) -> Mapping[str, Rule]:
    return {rule.name.strip().casefold(): rule for rule in rules}


def _changes(before: Rule, after: Rule) -> list[str]:
    found = []
    if before.points != after.points:
        found.append(f"{_points(before)}, now {_points(after)}")
    if before.at_most != after.at_most:
        told = [
            "no limit" if rule.at_most is None else f"at most {_number(rule.at_most)}"
            for rule in (before, after)
        ]
        found.append(f"{told[0]}, now {told[1]}")
    if (before.signal, before.condition) == (after.signal, after.condition):
        return found
    if before.signal or after.signal:
        return [*found, f"counted {rule_words(before)}, now {rule_words(after)}"]
    try:
        pair = stored_condition(before.condition), stored_condition(after.condition)
    except ConditionError:
        return [*found, f"asked {rule_words(before)}, now {rule_words(after)}"]
    return [*found, *condition_differences(*pair)]


def _points(rule: Rule) -> str:
    return "no points" if rule.points is None else f"{points_words(rule.points)} points"


def _number(value: Decimal) -> str:
    return format_number(value, _decimals(value))


def _decimals(value: Decimal) -> int:
    return 0 if value == round(value) else 2 if value * 10 != round(value * 10) else 1
