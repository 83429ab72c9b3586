"""Write down what the signed paper of a contract says, as a version of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, TextField
from django.db.models.functions import MD5, Cast
from django.utils import timezone

from common.versions.cycle import authored
from common.versions.errors import VersionChangedError
from finance.clauses.library import read_library
from finance.clauses.services.deviations import Wanted, clause_of, note_entered
from finance.clauses.services.library import edits_library
from finance.contracts.amendments import cycle
from finance.contracts.recording import write_versions
from finance.models import ClauseFamily, Contract, ContractVersion
from people.models import User

LONGEST_NOTE = 500
EARLIEST = date(1990, 1, 1)


@transaction.atomic
def record_clause(
    *,
    contract: Contract,
    family: ClauseFamily,
    wanted: Wanted | None,
    signed_on: date,
    paper: str,
    by: User,
    expected: int | None = None,
) -> ContractVersion:
    """Write down what the signed paper says of one family, from ``signed_on`` on; ``wanted`` None: it says nothing.

    ``paper`` names where it stands. ``expected`` is the key of the version that the writer looked at. What is signed is
    signed: the guardrail isn't asked. Raises PermissionDenied where the person doesn't write clauses, ValidationError
    by field, VersionChangedError where the contract has another version by now. Locks the contract.
    """
    if not edits_library(by):
        raise PermissionDenied("What the signed paper says is written down by Legal and RevOps.")
    paper = paper.replace("\x00", "").strip()
    if not paper or len(paper) > LONGEST_NOTE:
        raise ValidationError(
            {"paper": f"Say where it stands, in up to {LONGEST_NOTE} letters: § 9 of the order."}
        )
    if not EARLIEST <= signed_on <= timezone.now().date():
        raise ValidationError({"signed_on": "Choose the day on which it was signed, today at the latest."})
    held = Contract.objects.select_for_update(of=("self",)).get(pk=contract.pk)
    write_versions([held.pk])
    present = ContractVersion.objects.published().filter(contract=held).first()
    if present is None:
        raise ValidationError({"paper": "This contract isn’t written down yet. Try again in a minute."})
    if expected is not None and expected != present.pk:
        raise VersionChangedError(f"{present} of this contract was written meanwhile. Look at it first.")
    statement = _with_clause(present.statement, family, wanted)
    if statement["clauses"] == list(present.statement.get("clauses", ())):
        raise ValidationError({"text": "The contract says so already."})
    draft = cycle.begin(
        by=by,
        based_on=present,
        contract=held,
        cause=ContractVersion.Cause.PAPER,
        statement=statement,
        digest="",
        note=f"{family}: {paper}",
    )
    with authored(by):
        ContractVersion.objects.filter(pk=draft.pk).update(digest=MD5(Cast(F("statement"), TextField())))
    draft.refresh_from_db()
    # Told late, it may begin before the version that it follows, never before the contract does.
    version = cycle.publish(draft, by=by, starts_on=max(signed_on, held.start_on))
    note_entered(version=version)
    return version


def _with_clause(statement: Mapping[str, Any], family: ClauseFamily, wanted: Wanted | None) -> dict[str, Any]:
    clauses = [clause for clause in statement.get("clauses", ()) if clause["family"] != family.key]
    if wanted is not None:
        standard = read_library([family.key]).get(family.key)
        if standard is None:
            raise ValidationError({"text": f"No version of {family} is published yet."})
        clauses.append(clause_of(standard, wanted))
    return {**statement, "clauses": sorted(clauses, key=lambda clause: str(clause["family"]))}
