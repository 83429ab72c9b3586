"""Whether a clause is the preferred text, a fallback pre-approved for the account's tier, or outside of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from accounts.models import Account, Tier
from finance.clauses.library import Clause, Standard, Step, Text, read_library
from people.functions import Function
from tiers.entitlements.resolution import tiers_of
from tiers.entitlements.tables import table_in_force

Kind = Literal["preferred", "fallback", "outside"]

# Whose word is needed where no version of a family says it.
NOBODY_SAID = (Step(function=Function.LEGAL, hours=48),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the guardrail says of one clause, with the rule and version that say so.

    ``steps`` are whose word is needed: none within the guardrail. ``text`` is the library's text that it is.
    """

    family: str
    label: str
    kind: Kind
    sentence: str
    steps: tuple[Step, ...] = ()
    text: Text | None = None
    version: int | None = None

    @property
    def is_within(self) -> bool:
        """Whether nobody's word is needed."""
        return self.kind != "outside"


def assess(account: Account, clauses: Sequence[Clause]) -> list[Finding]:
    """Return what the library in force says of clauses for an account, in their order; four queries at most.

    A clause is a mapping of ``family`` (its key), ``text`` (the number of a library's text, or None), ``wording`` and
    ``terms``, as statements of contracts hold it.
    """
    library = read_library({str(clause["family"]) for clause in clauses})
    return assess_by(library, tier_of(account), clauses)


def assess_by(library: Mapping[str, Standard], tier: Tier | None, clauses: Sequence[Clause]) -> list[Finding]:
    """Return what a library says of clauses for a tier, in their order. Pure."""
    return [_assess(library.get(str(clause["family"])), tier, clause) for clause in clauses]


def tier_of(account: Account) -> Tier | None:
    """Return the account's tier now, by which entitlements go too; two queries."""
    return tiers_of([account.pk], table_in_force(), None)[account.pk]


def _assess(standard: Standard | None, tier: Tier | None, clause: Clause) -> Finding:
    if standard is None:
        family = str(clause["family"])
        return Finding(
            family=family,
            label=family,
            kind="outside",
            steps=NOBODY_SAID,
            sentence="The library has no version of this clause in force, so nothing is pre-approved.",
        )
    text = standard.text_of(clause)
    if text is None:
        count = len(standard.texts)
        return _outside(
            standard,
            None,
            f"The wording is none of the {count} texts in {standard.name}."
            if count > 1
            else f"The wording isn’t the preferred text in {standard.name}.",
        )
    beyond = list(standard.shape.beyond(clause.get("terms") or {}, text.terms))
    if beyond:
        other = _reaching(standard, tier, clause)
        hint = f" “{other.label}” goes as far and is within the guardrail." if other else ""
        return _outside(standard, text, f"{'; '.join(beyond)} in “{text.label}” ({standard.name}).{hint}")
    if text.is_preferred:
        return Finding(
            family=standard.family,
            label=standard.label,
            kind="preferred",
            sentence=f"“{text.label}” is the preferred text in {standard.name}.",
            text=text,
            version=standard.version,
        )
    whose = tier.label if tier else "accounts without a tier"
    if tier is not None and tier.slug in text.tiers:
        return Finding(
            family=standard.family,
            label=standard.label,
            kind="fallback",
            sentence=f"“{text.label}” is pre-approved for {whose} in {standard.name}.",
            text=text,
            version=standard.version,
        )
    if not text.tiers:
        return _outside(standard, text, f"“{text.label}” is pre-approved for no tier in {standard.name}.")
    others = _listed([slug.replace("_", " ").capitalize() for slug in text.tiers])
    return _outside(
        standard, text, f"“{text.label}” is pre-approved for {others}, not for {whose}, in {standard.name}."
    )


def _outside(standard: Standard, text: Text | None, sentence: str) -> Finding:
    return Finding(
        family=standard.family,
        label=standard.label,
        kind="outside",
        sentence=sentence,
        steps=standard.steps or NOBODY_SAID,
        text=text,
        version=standard.version,
    )


def _reaching(standard: Standard, tier: Tier | None, clause: Clause) -> Text | None:
    """Return a text that may be had without asking and whose terms go as far as a clause's."""
    asked = clause.get("terms") or {}
    for text in standard.texts:
        is_open = text.is_preferred or (tier is not None and tier.slug in text.tiers)
        if is_open and not any(standard.shape.beyond(asked, text.terms)):
            return text
    return None


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
