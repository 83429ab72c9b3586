"""What a dunning policy says: its stages, checked and compared in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from accounts.models import Tier
from common.codes import currencies
from common.formatting import format_money
from finance.collections.wording import problems_of
from finance.models import DunningPolicy

MOST_STAGES = 10
MOST_DAYS = 730
MOST_ATTEMPTS = 10
MOST_CURRENCIES = 50
MOST_TEXT = 5_000
LARGEST = Decimal(10) ** 12
# A comma parts thousands or nothing: whoever writes 99,50 doesn't mean 9950.
LINE = re.compile(r"\s*([A-Za-z]{3})\s+((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d{1,2})?)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of dunning: from how many days overdue on, above which amount, how often, and in which words.

    ``thresholds`` say by currency from which overdue amount on somebody is asked; a currency without one isn't asked.
    ``delay_days`` are the days from one attempt to the next, and to the next stage.
    """

    name: str
    days_overdue: int
    attempts: int
    delay_days: int
    subject: str
    text: str
    thresholds: Mapping[str, Decimal] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """Return the stage as the database keeps it: amounts as text."""
        amounts = {code: format(amount.normalize(), "f") for code, amount in sorted(self.thresholds.items())}
        return asdict(self) | {"thresholds": amounts}


def stage_of(data: Mapping[str, Any]) -> Stage:
    """Return a stage from what ``as_data`` wrote."""
    amounts = {code: Decimal(amount) for code, amount in data["thresholds"].items()}
    return Stage(**{**data, "thresholds": amounts})


def stages_of(policy: DunningPolicy) -> list[Stage]:
    """Return the stages of a version in their order."""
    return [stage_of(data) for data in policy.stages]


def policy_in_force() -> DunningPolicy | None:
    """Return the published version; one query."""
    return DunningPolicy.objects.published().first()


def threshold_lines(thresholds: Mapping[str, Decimal]) -> str:
    """Return thresholds as people write them, one a line."""
    return "\n".join(f"{code} {amount.normalize():f}" for code, amount in sorted(thresholds.items()))


def read_thresholds(text: str) -> dict[str, Decimal]:
    """Return thresholds from lines such as ``EUR 150``; raises ValidationError with the line that isn't one."""
    found: dict[str, Decimal] = {}
    for line in filter(str.strip, text.splitlines()):
        match = LINE.fullmatch(line)
        if match is None:
            raise ValidationError(f"“{line.strip()[:40]}” isn't a currency and an amount, such as EUR 150.")
        if match[1].upper() in found:
            raise ValidationError(f"{match[1].upper()} stands there twice. Keep one of the lines.")
        found[match[1].upper()] = Decimal(match[2].replace(",", ""))
    return found


def check_stages(stages: Sequence[Stage], tiers: Sequence[str] = ()) -> None:
    """Raise ValidationError with what is wrong, by field: ``stages``, ``tiers``, ``stages.0.subject``…"""
    problems: dict[str, list[str]] = {}
    if not stages:
        problems["stages"] = ["Add at least one stage: a policy without stages asks nobody."]
    elif len(stages) > MOST_STAGES:
        problems["stages"] = [f"Use at most {MOST_STAGES} stages."]
    unknown = set(tiers) - set(Tier.objects.values_list("slug", flat=True)) if tiers else set()
    if unknown:
        problems["tiers"] = [f"There is no tier {', '.join(sorted(unknown))}."]
    days: set[int] = set()
    for place, stage in enumerate(stages[:MOST_STAGES]):
        problems |= {f"stages.{place}.{name}": [told] for name, told in stage_problems(stage)}
        if stage.days_overdue in days:
            problems[f"stages.{place}.days_overdue"] = [
                "Another stage begins on this day. Choose another one."
            ]
        days.add(stage.days_overdue)
    if problems:
        raise ValidationError(problems)


def stage_problems(stage: Stage) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a stage by itself: (field, sentence)."""
    if not stage.name.strip() or len(stage.name) > 64:
        yield "name", "Name the stage in at most 64 letters, such as Reminder."
    for name, value, most in (
        ("days_overdue", stage.days_overdue, MOST_DAYS),
        ("attempts", stage.attempts, MOST_ATTEMPTS),
        ("delay_days", stage.delay_days, MOST_DAYS),
    ):
        if not 1 <= value <= most:
            yield name, f"Use 1 to {most}."
    if told := _threshold_problem(stage.thresholds):
        yield "thresholds", told
    for name, text, longest in (("subject", stage.subject, 150), ("text", stage.text, MOST_TEXT)):
        if told := _words_problem(text, longest):
            yield name, told
    if len(stage.subject.splitlines()) > 1:
        yield "subject", "A subject is one line."


def _threshold_problem(thresholds: Mapping[str, Decimal]) -> str:
    if not thresholds:
        return "Give at least one currency: those without a threshold aren't asked."
    if len(thresholds) > MOST_CURRENCIES:
        return f"Use at most {MOST_CURRENCIES} currencies."
    for code, amount in thresholds.items():
        if code not in currencies():
            return f"{code} is no currency. Use its ISO code, such as EUR."
        if amount.is_signed() or not amount < LARGEST or amount != round(amount, 2):
            return f"{code}: use an amount from 0 on, with at most two decimals."
    return ""


def _words_problem(text: str, longest: int) -> str:
    if not text.strip():
        return "Write what the customer reads."
    return f"Use at most {longest} letters." if len(text) > longest else problems_of(text)


def policy_differences(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[str]:
    """Tell in sentences what a policy's content (``content_of``) says otherwise than another's."""
    old = {"tiers": [], "stages": []} if before is None else before
    told = []
    if old["tiers"] != after["tiers"]:
        told.append(f"Asks by mail: {_tiers(old['tiers'])} → {_tiers(after['tiers'])}.")
    was, now = ([stage_of(data) for data in each["stages"]] for each in (old, after))
    for place in range(max(len(was), len(now))):
        if place >= len(now):
            told.append(f"Stage {place + 1} “{was[place].name}” is gone.")
        elif place >= len(was):
            told.append(
                f"Stage {place + 1} “{now[place].name}” is new, from {now[place].days_overdue} days overdue on."
            )
        else:
            told += _stage_differences(place + 1, was[place], now[place])
    return told


def content_of(policy: DunningPolicy) -> dict[str, Any]:
    """Return all that a version says as plain data."""
    return {"tiers": list(policy.tiers), "stages": list(policy.stages)}


def _stage_differences(place: int, was: Stage, now: Stage) -> Iterator[str]:
    lead = f"Stage {place} “{now.name}”"
    for label, before, after in (
        ("name", was.name, now.name),
        ("days overdue", was.days_overdue, now.days_overdue),
        ("attempts", was.attempts, now.attempts),
        ("days between attempts", was.delay_days, now.delay_days),
    ):
        if before != after:
            yield f"{lead}, {label}: {before} → {after}."
    if was.thresholds != now.thresholds:
        yield f"{lead}, thresholds: {threshold_words(was.thresholds)} → {threshold_words(now.thresholds)}."
    for label, before, after in (("subject", was.subject, now.subject), ("text", was.text, now.text)):
        if before != after:
            yield f"{lead}: the {label} is worded otherwise."


def threshold_words(thresholds: Mapping[str, Decimal]) -> str:
    """Say thresholds in one line."""
    return ", ".join(format_money(amount, code) for code, amount in sorted(thresholds.items())) or "none"


def _tiers(slugs: Sequence[str]) -> str:
    return ", ".join(slugs) if slugs else "every tier"
