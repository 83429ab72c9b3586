"""The steps of a publication: compare slice by slice, decide, then move slice by slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F
from django.db.models.functions import Now

from common.versions.errors import VersionChangedError
from metrics.engine.plan import today
from metrics.runs.registry import RunFailedError, RunKind
from metrics.statements import Statement, load
from tiers.assignment.apply import apply_verdicts
from tiers.assignment.boundaries import keep_boundaries
from tiers.assignment.decide import terms_of
from tiers.content import RuleSetError
from tiers.evaluation import compile_rules
from tiers.models import Publication, RuleSet
from tiers.preview.judging import Question, accounts_of_slice, forget_outlook, judged_accounts, look_ahead
from tiers.preview.publishing import differences_of
from tiers.services.publishing import publish_rule_set

NEXT_DAY = "A new day began while it was compared, from which other waits count. Publish it again."
AGAIN = "Preview it again before you publish it."
MOVES = ("now", "first")


class PublicationWork:
    """One worker at one publication; the statement that judges is written once for all slices."""

    def __init__(self) -> None:
        self.asked: Question | None = None
        self.judged: Statement | None = None

    def __call__(self, run: Publication, step: Sequence[Any]) -> Mapping[str, Any]:
        """Do one of the steps."""
        kind, first, last = step
        if kind == "compare":
            self._compare(run, first, last)
        elif kind == "decide":
            return _decide(run)
        elif kind == "move":
            return _move(run, first, last)
        elif kind == "near":
            keep_boundaries(rule_set=run.rule_set, on=run.on, first=first, last=last)
        else:
            RuleSet.objects.filter(pk=run.rule_set_id, applied_at=None).update(applied_at=Now())
        return {}

    def _compare(self, run: Publication, first: int, last: int) -> None:
        if self.asked is None or self.judged is None:
            self.asked = Question(rules=compile_rules(run.rule_set), terms=terms_of(run.rule_set), on=run.on)
            self.judged = judged_accounts(self.asked, accounts_of_slice(), has_details=False)
        look_ahead(self.asked, self.judged.within(first, last), first=first, last=last)
        load("tiers", "publication_keep", run=run.pk).execute()
        forget_outlook()


def _decide(run: Publication) -> Mapping[str, Any]:
    if run.on != today():
        raise RunFailedError(NEXT_DAY)
    [(token, moves)] = load("tiers", "publication_digest", run=run.pk).fetch()
    told, count = differences_of(run.preview, load("tiers", "publication_now", run=run.pk), run.on)
    if count and token != run.accepted:
        raise RunFailedError(
            f"{count} {'account' if count == 1 else 'accounts'} would move otherwise than previewed.",
            {"count": count, "token": token, "differences": [asdict(one) for one in told]},
        )
    try:
        publish_rule_set(rule_set=run.rule_set, by=run.requested_by, expected=run.preview.seen)
    except VersionChangedError as error:
        raise RunFailedError(f"{error} {AGAIN}", {"changes": error.differences}) from error
    except RuleSetError as error:
        raise RunFailedError(" ".join(f"{one.message} {one.remedy}" for one in error.problems[:3])) from error
    except (ValidationError, PermissionDenied) as error:
        raise RunFailedError(" ".join(getattr(error, "messages", [str(error)]))) from error
    return {"decided_at": Now(), "moves": moves, "summary": {"accepted": count}}


def _move(run: Publication, first: int, last: int) -> Mapping[str, Any]:
    held = run.verdicts.filter(account_id__gte=first, account_id__lte=last)
    moved = held.filter(outcome__in=MOVES).count()
    apply_verdicts(
        load("tiers", "publication_verdicts", run=run.pk, first=first, last=last),
        terms_of(run.rule_set),
        on=run.on,
        first=first,
        last=last,
        ruled_since=run.rule_set.starts_on,
    )
    held.delete()
    return {"moved": F("moved") + moved}


def _doubt(run: Publication) -> str:
    if run.decided_at is not None and run.rule_set.state != RuleSet.State.PUBLISHED:
        return "Another version took its place, or it was retired; accounts follow what is in force now."
    return ""


def forget_verdicts(run: Publication) -> None:
    """Remove what was compared; call in a transaction."""
    run.verdicts.all().delete()


PUBLICATION = RunKind(
    key="tiers.publication",
    model=Publication,
    worker=PublicationWork,
    forget=forget_verdicts,
    doubt=_doubt,
    related=("rule_set", "preview", "requested_by"),
)
