"""What a failed step says, in words that people can act on."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What steps say that weren't made because of another one: the other one is the cause.
FOLLOWED = "Not made, because it depends on"
OTHERS = re.compile(rf"^{FOLLOWED} (.+), which failed\.$")


@dataclass(frozen=True, slots=True)
class Failure:
    """``text`` says what happened, ``remedy`` what to do about it."""

    text: str
    remedy: str


_KNOWN: tuple[tuple[str, str, str], ...] = (
    (
        "statement timeout",
        "It took longer than the five minutes a step may take.",
        "Retry it when the database is less busy. If it fails again, ask whoever runs this installation.",
    ),
    (
        "division by zero",
        "It divides by a number that is 0 for some account.",
        "That is a fault of the declaration: pass the text below to whoever looks after it. A retry doesn’t help.",
    ),
    (
        "No space left on device",
        "The database has no room left on its disk.",
        "Have room made, then retry it.",
    ),
    (
        "deadlock detected",
        "Others wrote the same rows at the same moment, three times in a row.",
        "Retry it.",
    ),
    (
        "could not serialize",
        "Others wrote the same rows at the same moment, three times in a row.",
        "Retry it.",
    ),
    (
        "lock timeout",
        "Others held the same rows for too long, three times in a row.",
        "Retry it.",
    ),
    (
        "out of memory",
        "The database had not enough memory for it.",
        "Retry it when less is going on. If it fails again, ask whoever runs this installation.",
    ),
    (
        "Given up after",
        "Its workers died of it again and again, most likely for want of memory.",
        "Give the workers more memory, then retry it.",
    ),
    (
        "No app declares this any more",
        "No app declares it any more.",
        "Nothing is to be done: the next night leaves it out.",
    ),
    (
        "which no app declares",
        "It is made from something that no app declares any more.",
        "Have the declaration, or the model that names it, mended.",
    ),
    (
        "ConditionError",
        "A condition speaks of something that is gone.",
        "Mend the condition where it is kept, then retry it.",
    ),
)


def message_of(error: str) -> Failure:
    """Return a failure in words, with what to do; the error's first line where it is none that is known."""
    followed = OTHERS.match(error)
    if followed is not None:
        return Failure(
            f"It is made from {followed[1]}, which failed.", "Retry that one: this follows by itself."
        )
    for part, text, remedy in _KNOWN:
        if part.lower() in error.lower():
            return Failure(text, remedy)
    first = error.strip().splitlines()[0][:300] if error.strip() else "It failed without a word."
    return Failure(
        first,
        "Retry it once. If it fails again, pass this text to whoever looks after the declaration.",
    )


def is_root(error: str) -> bool:
    """Return whether a step failed by itself, not because of another."""
    return not error.startswith(FOLLOWED) or OTHERS.match(error) is None


def causes_of(error: str) -> list[str]:
    """Return the items because of which a step wasn't made."""
    followed = OTHERS.match(error)
    return followed[1].split(", ") if followed is not None else []
