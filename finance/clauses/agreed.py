"""What the clauses of running contracts give in the place of a tier: one row an account, in one query for all kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from django.contrib.postgres.aggregates import JSONBAgg
from django.db.models import (
    DecimalField,
    Exists,
    F,
    FilteredRelation,
    Func,
    IntegerField,
    JSONField,
    Min,
    OuterRef,
    Q,
    QuerySet,
)
from django.db.models.functions import Cast, JSONObject
from django.urls import reverse

from common.versions.models import VersionState
from finance.models import Contract, ContractVersion
from tiers.entitlements.registry import Clause

Row = Mapping[str, Any]
RECORDED = (VersionState.PUBLISHED, VersionState.RETIRED)
NAMED_AT_MOST = 3


class SaidTerm(Func):
    """The value of one term among the clauses of a statement, null where none says it."""

    function = "jsonb_path_query_first"
    template = "%(function)s(%(expressions)s, '$.clauses[*].terms.%(term)s')"
    output_field: Any = JSONField()


class SaidNumber(SaidTerm):
    """The same as a number; they are kept as numbers or as exact text."""

    template = f"({SaidTerm.template} #>> '{{}}')::numeric"
    output_field: Any = DecimalField(max_digits=12, decimal_places=3)


def agreed_by_contracts(as_of: date) -> QuerySet[Any, Any]:
    """Return for each account with running contracts what each of them says, trials aside.

    Of the versions that have begun by ``as_of`` the newest counts, as on the contract's page. ``said`` is a list of
    mappings by contract; ``value`` is the shortest first response in minutes.
    """
    terms = {
        term: SaidTerm(F("told__statement"), term=term)
        for term in ("first_response", "payment_days", "payment_options", "collections", "contract_changes")
    }
    agreed: QuerySet[Any, Any] = (
        _told_on(as_of)
        .order_by()
        .values("account_id")
        .annotate(
            value=Min(Cast(terms["first_response"], IntegerField())),
            said=JSONBAgg(
                JSONObject(contract="pk", number="number", days="payment_terms_days", **terms), order_by="pk"
            ),
        )
    )
    return agreed


def promised_by_contracts(as_of: date) -> QuerySet[Any, Any]:
    """Return each running contract that promises a first response itself, trials aside.

    Rows of ``account_id``, ``contract_id``, ``minutes`` and ``percent``: what is credited of the monthly fee where it
    isn't kept, null where the contract says nothing of it.
    """
    statement = F("told__statement")
    promised: QuerySet[Any, Any] = (
        _told_on(as_of)
        .order_by()
        .annotate(
            minutes=SaidNumber(statement, term="first_response"),
            percent=SaidNumber(statement, term="service_credit"),
        )
        .filter(minutes__isnull=False)
        .values("account_id", "minutes", "percent", contract_id=F("pk"))
    )
    return promised


def _told_on(as_of: date) -> QuerySet[Any, Any]:
    """Return the contracts that run on a day, trials aside, each with ``told``, its newest version begun by then."""
    begun = Q(versions__state__in=RECORDED, versions__starts_on__lte=as_of)
    newer = ContractVersion.objects.filter(
        contract=OuterRef("pk"),
        state__in=RECORDED,
        starts_on__lte=as_of,
        version__gt=OuterRef("told__version"),
    )
    running: QuerySet[Any, Any] = Contract.objects.running_on(as_of).with_trial_on(as_of)
    counted = running.filter(is_trial=False).annotate(told=FilteredRelation("versions", condition=begun))
    told: QuerySet[Any, Any] = counted.filter(~Exists(newer))
    return told


def payment_terms(row: Row) -> Any:
    """Return days to pay from the shortest to the longest, with what else may be agreed; a clause beats the field."""
    days = [held for each in row["said"] if (held := _days(each)) is not None]
    if not days:
        return None
    options = {option for each in row["said"] for option in each["payment_options"] or ()}
    known = [option for option in ("prepay", "milestone", "multi_year") if option in options]
    return {"days_from": min(days), "days_to": max(days), "options": known}


def payment_clause(row: Row) -> Clause:
    """Return the contracts that say how long after the invoice payment is due."""
    saying = [each for each in row["said"] if _days(each) is not None]
    if any(each["payment_days"] is not None for each in saying):
        return _named(saying)
    url = reverse("sync:origin", args=["contracts", saying[0]["contract"], "payment_terms_days"])
    return Clause(words=_named(saying).words, url=url)


def first_response(row: Row) -> Any:
    """Return the shortest first response that a contract promises, in minutes."""
    return row["value"]


def first_response_clause(row: Row) -> Clause:
    """Return where it stands, without the contract's number: support keeps the promise and reads no contracts."""
    given = next(each for each in row["said"] if each["first_response"] == row["value"])
    return Clause(
        words="Custom SLA of its contract", url=reverse("finance:contract", args=[given["contract"]])
    )


def choice_of(term: str, best: str) -> tuple[Callable[[Row], Any], Callable[[Row], Clause]]:
    """Return how a choice and its clause are read; of contracts that differ, the one that says ``best`` counts."""

    def value(row: Row) -> Any:
        said = [each[term] for each in row["said"] if each[term] is not None]
        return best if best in said else next(iter(said), None)

    def clause(row: Row) -> Clause:
        counted = value(row)
        return _named([each for each in row["said"] if each[term] == counted])

    return value, clause


def _days(each: Row) -> int | None:
    days: int | None = each["days"] if each["payment_days"] is None else each["payment_days"]
    return days


def _named(saying: Sequence[Row]) -> Clause:
    names = [each["number"] or f"{each['contract']}" for each in saying]
    more = len(names) - NAMED_AT_MOST
    listed = ", ".join(names[:NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
    return Clause(
        words=f"Contract {listed}" if len(names) == 1 else f"Contracts {listed}",
        url=reverse("finance:contract", args=[saying[0]["contract"]]),
    )
