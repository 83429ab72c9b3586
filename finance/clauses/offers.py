"""What an amendment may put into a contract, family by family: texts of the library, and what was granted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q

from common.export import Table, table_of
from common.formatting import format_date
from finance.clauses.library import Clause, Standard, read_library
from finance.clauses.querysets import DeviationQuerySet
from finance.clauses.terms import SHAPES
from finance.models import ClauseFamily, Contract, Deviation

OWN_WORDING = "own wording"


@dataclass(frozen=True, slots=True)
class Offer:
    """One clause that can be had; ``clause`` is as statements of contracts hold it."""

    key: str
    label: str
    clause: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FamilyOffers:
    """What a family offers; ``says`` is what the contract says now in words, empty where it says nothing."""

    family: str
    label: str
    says: str
    granted: Sequence[Offer]
    texts: Sequence[Offer]

    @property
    def offers(self) -> list[Offer]:
        """All of them, what was granted first."""
        return [*self.granted, *self.texts]


def offers_for(contract: Contract, says: Sequence[Clause], day: date) -> list[FamilyOffers]:
    """Return what an amendment of a contract that says ``says`` may put in, in the order of the library.

    What was granted counts on ``day`` and is for this contract, or for its account; four queries.
    """
    library = read_library()
    present = {str(clause["family"]): clause for clause in says}
    labels = dict(ClauseFamily.objects.order_by("position", "label").values_list("key", "label"))
    granted: dict[str, list[Deviation]] = {}
    for deviation in granted_for(contract, day).select_related("family", "text", "asked_by").order_by("pk"):
        granted.setdefault(deviation.family.key, []).append(deviation)
    found = []
    for key in [*labels, *(key for key in present if key not in labels)]:
        standard, now = library.get(key), present.get(key)
        if standard is None and now is None and key not in granted:
            continue
        offers = FamilyOffers(
            family=key,
            label=labels.get(key, key),
            says=name_of(now, standard) if now else "",
            granted=[
                _granted(deviation)
                for deviation in granted.get(key, ())
                if not is_same(clause_of(deviation), now)
            ],
            texts=[
                Offer(f"text-{text.id}", _label(text.label, text.is_preferred), text.clause(key))
                for text in (standard.texts if standard else ())
                if not is_same(text.clause(key), now)
            ],
        )
        found.append(offers)
    return found


def granted_for(contract: Contract, day: date) -> DeviationQuerySet:
    """Return what was granted to a contract, or to its account for any, and counts on ``day``."""
    granted = Deviation.objects.granted_on(day).filter(account_id=contract.account_id)
    return granted.filter(Q(contract=None) | Q(contract=contract))


def clause_of(deviation: Deviation) -> dict[str, Any]:
    """Return what was granted as a statement of a contract holds it."""
    return {
        "family": deviation.family.key,
        "text": deviation.text_id,
        "wording": deviation.wording,
        "terms": dict(deviation.terms),
    }


def is_same(one: Clause, other: Clause | None) -> bool:
    """Return whether two clauses say the same, wherever the words are from."""
    return other is not None and all(
        one.get(name) == other.get(name) for name in ("family", "wording", "terms")
    )


def name_of(clause: Clause, standard: Standard | None) -> str:
    """Return what a clause is called: the text of the library that it is, or that its wording is its own."""
    text = standard.text_of(clause) if standard else None
    return text.label if text else OWN_WORDING


def clause_rows(says: Sequence[Clause]) -> list[dict[str, str]]:
    """Return the clauses of a contract as its page shows them, in the order of the library; three queries."""
    library = read_library({str(clause["family"]) for clause in says}) if says else {}
    families = {family.key: family for family in ClauseFamily.objects.all()} if says else {}
    order = {key: place for place, key in enumerate(families)}
    rows = []
    for clause in sorted(says, key=lambda each: order.get(str(each["family"]), len(order))):
        family = families.get(str(clause["family"]))
        shape = SHAPES.get(family.shape if family else "", SHAPES["wording"])
        terms = shape.words(clause.get("terms") or {})
        rows.append(
            {
                "clause": family.label if family else str(clause["family"]),
                "name": name_of(clause, library.get(str(clause["family"]))),
                "terms": "; ".join(f"{label}: {told}" for label, told in terms),
                "wording": str(clause.get("wording") or ""),
            }
        )
    return rows


def clauses_table(rows: Sequence[Mapping[str, str]]) -> Table:
    """Return the clauses of a contract, as a file."""
    return table_of(
        "clauses",
        rows,
        (
            ("clause", "Clause", lambda row: row["clause"]),
            ("text", "Text", lambda row: row["name"]),
            ("terms", "Terms", lambda row: row["terms"]),
            ("wording", "Wording", lambda row: row["wording"]),
        ),
    )


def _granted(deviation: Deviation) -> Offer:
    name = deviation.text.label if deviation.text else OWN_WORDING
    told = f"Granted: {name}, asked by {deviation.asked_by}, to be used before {format_date(deviation.expires_on)}"
    return Offer(f"granted-{deviation.pk}", told, clause_of(deviation))


def _label(label: str, is_preferred: bool) -> str:
    return f"Preferred: {label}" if is_preferred else f"Fallback: {label}"
