"""The clause library as plain values: what the guardrail judges by, read in two queries or made of a draft."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from finance.clauses.terms import SHAPES, Shape
from finance.models import ClauseText, ClauseVersion
from people.functions import Function

Clause = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text of a version."""

    id: int | None
    key: str
    label: str
    wording: str
    terms: Mapping[str, Any]
    is_preferred: bool
    tiers: tuple[str, ...]

    def clause(self, family: str) -> dict[str, Any]:
        """Return it as a statement of a contract holds it."""
        return {"family": family, "text": self.id, "wording": self.wording, "terms": dict(self.terms)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One decision that is needed beyond the guardrail."""

    function: str
    hours: int
    label: str = ""

    @property
    def function_label(self) -> str:
        """The function in words."""
        return str(Function(self.function).label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """One version of a family: its texts, the preferred one first, and whose word is needed beyond them."""

    family: str
    label: str
    shape: Shape
    version: int
    version_id: int
    texts: tuple[Text, ...]
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        """The version in words, such as ``version 2 of Payment schedule``."""
        return f"version {self.version} of {self.label}"

    def text_of(self, clause: Clause) -> Text | None:
        """Return the text that a clause is, told by its number or its wording; None where its wording is its own."""
        wording = same_words(str(clause.get("wording") or ""))
        for text in self.texts:
            if text.id is not None and text.id == clause.get("text"):
                return text
        return next((text for text in self.texts if wording and same_words(text.wording) == wording), None)


def same_words(wording: str) -> str:
    """Return a wording without what doesn't count when two are compared: spaces, and the case of letters."""
    return " ".join(wording.split()).casefold()


def read_library(families: Collection[str] | None = None) -> dict[str, Standard]:
    """Return the versions in force by family, in the order of pages; two queries."""
    versions = ClauseVersion.objects.published().with_texts().order_by("family__position", "family__label")
    if families is not None:
        versions = versions.filter(family__key__in=families)
    return {version.family.key: standard_of(version) for version in versions}


def standard_of(version: ClauseVersion) -> Standard:
    """Return what a version says."""
    return Standard(
        family=version.family.key,
        label=version.family.label,
        shape=SHAPES.get(version.family.shape, SHAPES["wording"]),
        version=version.version,
        version_id=version.pk,
        texts=tuple(
            Text(
                id=text.pk,
                key=text.key,
                label=text.label,
                wording=text.wording,
                terms=text.terms,
                is_preferred=text.kind == ClauseText.Kind.PREFERRED,
                tiers=tuple(text.tiers),
            )
            for text in version.texts.all()
        ),
        steps=tuple(
            Step(function=step["function"], hours=step["hours"], label=step.get("label", ""))
            for step in version.approval
        ),
    )
