"""The inputs of a score that are missing or stale, each with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from common.formatting import format_date, format_percent
from metrics.health.parts import ZERO, ScorePart
from metrics.health.redaction import is_open
from metrics.models import HealthScore
from metrics.registry import Metric, metrics
from people.access import Access
from sync.models import Batch
from sync.registry import resources

MISSING, STALE, CLOSED = "missing", "stale", "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """One input that is missing or stale: ``share`` of the weight, what is wrong, and what to do."""

    key: str
    label: str
    state: str
    share: Decimal
    told: str
    remedy: str

    @property
    def is_missing(self) -> bool:
        """Whether it has no value at all."""
        return self.state == MISSING


def gaps_of(
    parts: Sequence[ScorePart], score: HealthScore, access: Access, doubts: Mapping[str, str]
) -> list[Gap]:
    """Return the gaps, the heaviest first; those of closed categories say only that they are. One query at most."""
    wanting = [part for part in parts if part.added is None or part.is_stale]
    if not wanting:
        return []
    whole = sum((part.weight for part in parts), ZERO)
    fed = set(Batch.objects.order_by().values_list("resource", flat=True).distinct())
    found = [_gap(part, part.weight / whole, score, access, doubts, fed) for part in wanting]
    return sorted(found, key=lambda gap: (not gap.is_missing, -gap.share, gap.label))


def _gap(
    part: ScorePart,
    share: Decimal,
    score: HealthScore,
    access: Access,
    doubts: Mapping[str, str],
    fed: set[str],
) -> Gap:
    state = MISSING if part.added is None else STALE
    declared = metrics.get(part.key)
    if not is_open(part.key, access):
        told, remedy = access.why_not(str(declared.category)) if declared else "", ""
    elif declared is None:
        told, remedy = "Nothing makes this number any more.", "Publish a health model without it."
    elif state == MISSING:
        told = f"No value on {format_date(score.as_of)}; it counts neither for nor against the account."
        remedy = _missing_remedy(declared, fed)
    else:
        reason = doubts.get(part.key) or "Its source had been silent for too long."
        told = f"{reason} It counts in full in the score, by half in the confidence."
        remedy = "See that the source sends again; the next refresh clears this."
    return Gap(key=part.key, label=part.label, state=state, share=share, told=told, remedy=remedy)


def _missing_remedy(declared: Metric, fed: set[str]) -> str:
    needed = sorted(_resources(declared.key, set()))
    words = [name.replace("-", " ") for name in needed]
    never = [name.replace("-", " ") for name in needed if name not in fed]
    if never:
        return f"No source has sent {_listed(never)} yet: connect one, or send them by API or file."
    if words:
        return (
            f"Made of {_listed(words)}: none that tell of this account. Check that the sources hold it under an id "
            "or domain that is linked here."
        )
    return "Follow its definition to what it is made of."


def _resources(key: str, seen: set[str]) -> set[str]:
    """Return the resources that a number is made of in the end."""
    if key in seen:
        return set()
    seen.add(key)
    declared = metrics.get(key)
    if declared is None:
        return {key} if key in resources else set()
    return {name for one in declared.inputs for name in _resources(one, seen)}


def _listed(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def gap_words(gaps: Sequence[Gap]) -> str:
    """Name gaps in a row, each with its share of the weight."""
    return _listed([f"{gap.label} ({format_percent(gap.share, 0)})" for gap in gaps]) if gaps else ""
