"""What differs between two versions of a clause, in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any

from accounts.models import Tier
from finance.clauses.library import Standard, Step, Text
from finance.clauses.terms import SHAPES, Shape
from finance.models import ClauseFamily
from people.functions import Function

NOTHING = "none"
# As much of a changed wording as a sentence quotes.
QUOTED = 160
SENTENCE = re.compile(r"(?<=[.;:!?])\s+|\n+")
# Pairs of equal words above which comparing takes too long: 60,000 take 0.35 s at the worst (three
# words over and over); two clauses of 2,000 words have about 36,000, which take 0.02 s.
MOST_PAIRS = 60_000


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a wording that two versions share, or that one of them has alone."""

    text: str
    kind: str  # same, added, removed


def wording_diff(before: str, after: str) -> list[Piece]:
    """Return what became of a wording, word by word, in the order of reading.

    Where that would take too long it is told sentence by sentence, and in the last resort as a whole.
    """
    ways = (str.split, SENTENCE.split, lambda text: [text])
    old, new = next(
        (sides for way in ways if _pairs(*(sides := (way(before), way(after)))) <= MOST_PAIRS),
    )
    pieces: list[Piece] = []
    for kind, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece(" ".join(old[first:last]), "same"))
            continue
        if last > first:
            pieces.append(Piece(" ".join(old[first:last]), "removed"))
        if end > start:
            pieces.append(Piece(" ".join(new[start:end]), "added"))
    return pieces


def _pairs(old: Sequence[str], new: Sequence[str]) -> int:
    counts = Counter(new)
    return sum(counts[each] for each in old)


@dataclass(frozen=True, slots=True)
class TextChange:
    """What became of one text: ``what`` is Added, Removed or Changed; ``told``, all but the wording."""

    label: str
    what: str
    told: Sequence[str]
    wording: Sequence[Piece]


def changes_between(before: Standard | None, after: Standard, tiers: Mapping[str, str]) -> list[TextChange]:
    """Return what became of each text from one version to another; ``tiers`` are names by slug."""
    old = {text.key: text for text in before.texts} if before else {}
    new = {text.key: text for text in after.texts}
    found = [_changed(old.get(key), text, after, tiers) for key, text in new.items()]
    gone = [
        TextChange(text.label, "Removed", (), (Piece(text.wording, "removed"),))
        for key, text in old.items()
        if key not in new
    ]
    return [change for change in found if change is not None] + gone


def differences(before: Standard | None, after: Standard) -> list[str]:
    """Return in sentences what changes from one version to another."""
    told = [
        sentence for change in changes_between(before, after, tier_names()) for sentence in _sentences(change)
    ]
    if before is not None and before.steps != after.steps:
        told.append(f"Approval: {steps_in_words(before.steps)}, now {steps_in_words(after.steps)}")
    return told


def steps_in_words(steps: Iterable[Step]) -> str:
    """Return whose word is needed, such as ``Legal within 48 h, then Finance within 24 h``."""
    told = [f"{Function(step.function).label} within {step.hours} h" for step in steps]
    return ", then ".join(told) or NOTHING


def tier_names() -> dict[str, str]:
    """Return the names of the tiers by slug, the highest first; one query."""
    return dict(Tier.objects.values_list("slug", "label"))


def tiers_in_words(slugs: Iterable[str], names: Mapping[str, str]) -> str:
    """Return the names of tiers in their own order."""
    held = set(slugs)
    known = [label for slug, label in names.items() if slug in held]
    return ", ".join([*known, *sorted(held - names.keys())]) or "no tier"


Said = Mapping[str, Any]


class ClauseWords:
    """Tells in words what became of the clauses of a contract; reads the families once, where one is otherwise."""

    def differences(
        self, before: Sequence[Said], after: Sequence[Said]
    ) -> Iterator[tuple[str, str, str, str]]:
        """Yield ``(family, what, before, after)``: that a clause came or went, its wording, each of its terms."""
        old, new = ({str(clause["family"]): clause for clause in clauses} for clauses in (before, after))
        for key in [*old, *(key for key in new if key not in old)]:
            was, now = old.get(key), new.get(key)
            if was == now:
                continue
            label, shape = self._families.get(key, (key, SHAPES["wording"]))
            yield from ((label, *each) for each in _of_clause(was, now, shape))

    @cached_property
    def _families(self) -> dict[str, tuple[str, Shape]]:
        rows = ClauseFamily.objects.values_list("key", "label", "shape")
        return {key: (label, SHAPES.get(shape, SHAPES["wording"])) for key, label, shape in rows}


def _of_clause(was: Said | None, now: Said | None, shape: Shape) -> Iterator[tuple[str, str, str]]:
    old, new = (str(said.get("wording") or "") if said else NOTHING for said in (was, now))
    if old != new:
        yield ("Wording" if was and now else "Clause", old, new)
    before, after = (dict(shape.words(said.get("terms") or {})) if said else {} for said in (was, now))
    for name in [*before, *(key for key in after if key not in before)]:
        if before.get(name) != after.get(name):
            yield (name, before.get(name, NOTHING), after.get(name, NOTHING))


def _changed(old: Text | None, new: Text, standard: Standard, tiers: Mapping[str, str]) -> TextChange | None:
    if old is None:
        told = [f"{label}: {value}" for label, value in standard.shape.words(new.terms)]
        if not new.is_preferred:
            told.append(f"pre-approved for {tiers_in_words(new.tiers, tiers)}")
        return TextChange(new.label, "Added", told, (Piece(new.wording, "added"),))
    told = []
    if old.label != new.label:
        told.append(f"called “{old.label}”, now “{new.label}”")
    if old.is_preferred != new.is_preferred:
        told.append("the preferred text now" if new.is_preferred else "a fallback now")
    was, now = (dict(standard.shape.words(text.terms)) for text in (old, new))
    for name in [*was, *(key for key in now if key not in was)]:
        if was.get(name) != now.get(name):
            told.append(f"{name}: {was.get(name, NOTHING)}, now {now.get(name, NOTHING)}")
    if set(old.tiers) != set(new.tiers):
        told.append(
            f"pre-approved for {tiers_in_words(old.tiers, tiers)}, now for {tiers_in_words(new.tiers, tiers)}"
        )
    wording = wording_diff(old.wording, new.wording) if old.wording != new.wording else []
    return TextChange(new.label, "Changed", told, wording) if told or wording else None


def _sentences(change: TextChange) -> Iterator[str]:
    if change.what != "Changed":
        yield f"“{change.label}” {change.what.lower()}" + (
            f" ({', '.join(change.told)})" if change.told else ""
        )
        return
    for told in change.told:
        yield f"“{change.label}”, {told}"
    removed, added = (
        _quoted(piece.text for piece in change.wording if piece.kind == kind) for kind in ("removed", "added")
    )
    if change.wording:
        yield f"“{change.label}”, wording: {removed}, now {added}"


def _quoted(parts: Iterable[str]) -> str:
    text = " … ".join(parts)
    return f"“{shortened(text)}”" if text else NOTHING


def shortened(text: str) -> str:
    """Return as much of a text as a sentence quotes."""
    return f"{text[:QUOTED]}…" if len(text) > QUOTED else text
