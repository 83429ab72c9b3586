"""The page of one account's health: what it is made of, how it changed, the way to green, and how people see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Account
from common.asof import requested_as_of
from common.export import Offer, asked_format, chosen_table, export_response
from common.formatting import format_date
from metrics.engine.plan import CHANGE_DAYS, today
from metrics.health.comparing import ShownChange, compare_scores, score_near, why_not_compared
from metrics.health.explain import HealthExplanation, explain_health
from metrics.health.forms import ComparisonForm, SentimentForm
from metrics.health.green import WayToGreen, told_way, way_to_green
from metrics.health.seen import seen_of
from metrics.health.sentiment import end_sentiment, set_sentiment
from metrics.health.tables import change_table, components_table, green_table, sentiments_table
from metrics.models import AccountSentiment, HealthScore
from people.access import Access, judges_accounts, request_access, require, why_not_judge
from people.guards import signed_in
from people.models import Category, Level

MOST_SAID = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two days with what changed between them, or why they can't be compared."""

    form: ComparisonForm
    change: ShownChange | None
    trouble: str
    start: date | None
    end: date | None


@require_safe
def health(request: HttpRequest, pk: int) -> HttpResponse:
    """Explain the health of an account: of ``?as_of=``, and between ``?start=`` and ``?end=``."""
    found = _account(request, pk)
    return _page(request, found, None)


@require_POST
def say(request: HttpRequest, pk: int) -> HttpResponse:
    """Say how the account is seen, until a day."""
    found = _account(request, pk)
    form = SentimentForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    try:
        said = set_sentiment(account=found, by=signed_in(request), **form.cleaned_data)
    except ValidationError as error:
        _refused(form, error)
        return _page(request, found, form, status=422)
    told = f"{found.name} is seen as {said.get_value_display().lower()} until {format_date(said.expires_on)}."
    messages.success(request, told)
    return redirect("metrics:health", pk)


@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what is said of the account."""
    found = _account(request, pk)
    try:
        end_sentiment(account=found, by=signed_in(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "Taken back. The score stands alone again.")
    return redirect("metrics:health", pk)


def _account(request: HttpRequest, pk: int) -> Account:
    require(request_access(request), Category.ACCOUNT_PROFILE, Level.TOTALS)
    return get_object_or_404(Account.objects.live(), pk=min(pk, 2**63 - 1))


def _page(
    request: HttpRequest, account: Account, form: SentimentForm | None, status: int = 200
) -> HttpResponse:
    access = request_access(request)
    asked = requested_as_of(request)
    day = asked or today()
    score = score_near(account.pk, day)
    told = explain_health(account.pk, score.as_of, access) if score else None
    way = way_to_green(score, access) if score else None
    comparison = _comparison(request, account, score, access)
    said = list(AccountSentiment.objects.of(account.pk, day)[:MOST_SAID])
    exports = _exports(account, told, way, comparison, said)
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    function = signed_in(request).function
    context: dict[str, Any] = {
        "account": account,
        "health": told,
        "way": told_way(way) if way else None,
        "comparison": comparison,
        "said": said,
        "sentiment": next((one for one in said if _holds(one, day)), None),
        "seen": seen_of(account, day).open_to(access),
        "form": form or SentimentForm(),
        "may_say": judges_accounts(function) and asked is None,
        "why_not_say": "" if judges_accounts(function) else why_not_judge(function),
        "is_said_today": judges_accounts(function) and asked is not None,
        "is_past": asked is not None,
        "exports": exports,
        "as_of": score.as_of if score else None,
        "today": day,
    }
    return render(request, "metrics/health/account.html", context, status=status)


def _holds(said: AccountSentiment, day: date) -> bool:
    ended = said.ended_on is not None and said.ended_on <= day
    return said.starts_on <= day < said.expires_on and not ended


def _comparison(
    request: HttpRequest, account: Account, score: HealthScore | None, access: Access
) -> Comparison:
    """Return what ``?start=`` and ``?end=`` ask for, else the change in 30 days up to the score shown."""
    until = score.as_of if score else today()
    usual = {"start": until - timedelta(days=CHANGE_DAYS), "end": until}
    given = {name: request.GET.get(name) or usual[name].isoformat() for name in usual}
    form = ComparisonForm(given)
    if not form.is_valid():
        return Comparison(form=form, change=None, trouble="", start=None, end=None)
    first, last = sorted((form.cleaned_data["start"], form.cleaned_data["end"]))
    scores = [score_near(account.pk, first), score_near(account.pk, last)]
    told = [why_not_compared(account.name, day, one) for day, one in zip((first, last), scores, strict=True)]
    trouble = next((why for why in told if why), "")
    before, after = scores
    change = None
    if not trouble and before is not None and after is not None:
        if before.as_of == after.as_of:
            trouble = f"Both days have the score of {format_date(before.as_of)}. Choose days further apart."
        else:
            change = compare_scores(before, after, access)
    return Comparison(form=form, change=change, trouble=trouble, start=first, end=last)


def _exports(
    account: Account,
    told: HealthExplanation | None,
    way: WayToGreen | None,
    comparison: Comparison,
    said: list[AccountSentiment],
) -> list[Offer]:
    offers = []
    if told is not None:
        offers.append(Offer("components", "Components", lambda: components_table(account, told)))
    if (change := comparison.change) is not None:
        offers.append(Offer("change", "Change between two days", lambda: change_table(account, change)))
    if way is not None and way.proposals:
        offers.append(Offer("green", "What would bring it to green", lambda: green_table(account, way)))
    if said:
        offers.append(Offer("sentiment", "How people saw it", lambda: sentiments_table(account, said)))
    return offers


def _refused(form: SentimentForm, error: ValidationError) -> None:
    found = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    for field, told in found.items():
        for message in told:
            form.add_error(field if field in form.fields else None, message)
