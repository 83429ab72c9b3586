"""The queue of support: every open ticket by the time that is left, and chosen ones given to somebody."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from accounts.lists.showing import menu_of
from accounts.lists.view_pages import view_pages
from common.asof import requested_as_of
from common.export import asked_format, export_response
from common.htmx import render_page
from common.params import read_choice
from people.access import request_access, require
from people.guards import signed_in
from people.models import Category
from support.queue.asking import VIEWS, Asked, kept_of
from support.queue.board import BY, SPANS, board_table, hour_words, read_board
from support.queue.cells import row_of
from support.queue.forms import GivePickedForm, PutBackForm
from support.queue.giving import (
    TAKEN,
    Given,
    Pick,
    give_tickets,
    picked_tickets,
    put_back,
    read_picks,
)
from support.queue.reading import Worth, counts_of, queue_page, queue_table
from support.routing.services import EDITORS, REFUSED

LONGEST_BACK = 2000


def _require_queue(request: HttpRequest) -> None:
    access = request_access(request)
    require(access, Category.ACCOUNT_PROFILE)
    require(access, Category.SUPPORT_HISTORY)


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Show a page of the queue, or the part of it that is asked for again every few seconds."""
    _require_queue(request)
    user = signed_in(request)
    worth = Worth.of(request_access(request))
    asked = Asked(request.GET, user, timezone.now())
    if asked_format(request):
        if asked.closed:
            return HttpResponse(
                f"The file was not made: {asked.closed}", status=400, content_type="text/plain"
            )
        return export_response(request, queue_table(asked, worth, settings.REPORTING_CURRENCY))
    page = queue_page(request, asked, worth)
    counts = counts_of(asked)
    context: dict[str, Any] = {
        "asked": asked,
        "worth": worth,
        "page": page,
        "rows": [row_of(line, worth, may_give=user.function in EDITORS) for line in page.rows],
        "counts": [(one, asked.url(state=one.state)) for one in counts],
        "all_url": asked.url(state=None),
        "here": asked.url(),
        "export_base": asked.url(),
        "again_url": request.get_full_path(),
        "chips": asked.chips(),
        "views": menu_of(
            view_pages[VIEWS],
            user,
            asked.views,
            current=asked.view,
            is_changed=asked.is_changed,
            query=asked.url().removeprefix("?"),
        ),
        "is_filtered": bool(kept_of(asked)),
        "clear_url": reverse("support:queue"),
        "mine_url": asked.url(who=None if asked.given.get("who") == ["mine"] else "mine"),
        "is_mine": asked.given.get("who") == ["mine"],
        "currency": settings.REPORTING_CURRENCY,
        "may_give": user.function in EDITORS,
        "is_past": requested_as_of(request) is not None,
        "is_deep": bool(request.GET.get("after") or request.GET.get("before")),
    }
    return render_page(request, "support/queue/page.html", "support/queue/_queue.html", context)


@require_safe
def queue_board(request: HttpRequest) -> HttpResponse:
    """Show how many tickets run out of time in each of the next hours, by team or tier."""
    _require_queue(request)
    worth = Worth.of(request_access(request))
    hours = int(read_choice(request.GET, "hours", [str(span) for span in SPANS], str(SPANS[0])))
    by = read_choice(request.GET, "by", BY, "team")
    board = read_board(timezone.now(), hours=hours, by=by)
    if asked_format(request):
        table = board_table(board, settings.REPORTING_CURRENCY, has_money=worth.arr)
        return export_response(request, table)
    context = {
        "board": board,
        "worth": worth,
        "currency": settings.REPORTING_CURRENCY,
        "heads": [hour_words(hour) for hour in board.hours],
        "again_url": request.get_full_path(),
        "spans": [(span, f"?{urlencode({'hours': span, 'by': by})}", span == hours) for span in SPANS],
        "groups": [
            (label, f"?{urlencode({'hours': hours, 'by': key})}", key == by) for key, label in BY.items()
        ],
        "is_past": requested_as_of(request) is not None,
    }
    return render_page(request, "support/queue/board.html", "support/queue/_board.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def queue_give(request: HttpRequest) -> HttpResponse:
    """Take chosen tickets, or show the form that gives them to somebody or puts them back."""
    _require_queue(request)
    user = signed_in(request)
    if user.function not in EDITORS:
        raise PermissionDenied(REFUSED)
    given = request.POST if request.method == "POST" else request.GET
    picks = read_picks(given.getlist("ticket"))
    back = _back(given)
    act = given.get("act", "")
    if not picks:
        messages.error(request, "Choose tickets first.")
        return redirect(back)
    if request.method == "POST" and act == "take":
        return _done(request, give_tickets(picks, engineer=user, team=None, reason=TAKEN, by=user), back)
    if request.method == "POST" and "reason" not in given:
        # The form has an address of its own, without what protects this one.
        pairs = [("act", act), *(("ticket", text) for text in given.getlist("ticket")), ("back", back)]
        return redirect(f"{reverse('support:queue_give')}?{urlencode(pairs)}")
    is_back = act == "back"
    form: Form = (PutBackForm if is_back else GivePickedForm)(given if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        done = _write(request, form, picks, is_back=is_back)
        if done is not None:
            return _done(request, done, back)
    tickets = picked_tickets(picks)
    context = {
        "form": form,
        "picks": [(pick, tickets[pick.ticket]) for pick in picks if pick.ticket in tickets],
        "act": "back" if is_back else "give",
        "is_back": is_back,
        "back": back,
    }
    return render(request, "support/queue/give.html", context, status=422 if form.errors else 200)


def _write(request: HttpRequest, form: Form, picks: list[Pick], *, is_back: bool) -> Given | None:
    """Do what the form says; None where every ticket was refused for one reason, which the form then tells."""
    user, said = signed_in(request), form.cleaned_data
    if is_back:
        given = put_back(picks, reason=said["reason"], by=user)
    else:
        whom = {name: said[name] for name in ("engineer", "team", "reason")}
        given = give_tickets(picks, **whom, by=user)
    reasons = {refusal.why for refusal in given.refused}
    if given.made or len(reasons) > 1:
        return given
    form.add_error(None, f"Nothing was changed. {reasons.pop()}")
    return None


def _done(request: HttpRequest, given: Given, back: str) -> HttpResponse:
    """Go back to the queue, or show which tickets stayed where they were."""
    if given.refused:
        context = {"given": given, "told": _told(request, given), "back": back}
        return render(request, "support/queue/refused.html", context, status=409)
    messages.success(request, _told(request, given))
    return redirect(back)


def _told(request: HttpRequest, given: Given) -> str:
    """Return in words what was given to whom, empty where nothing was."""
    if not given.made:
        return ""
    count = len(given.made)
    told = "One ticket is" if count == 1 else f"{count} tickets are"
    engineer = given.made[0].engineer
    if engineer is None:
        return f"{told} in a queue now."
    return f"{told} with {'you' if engineer == signed_in(request) else engineer} now."


def _back(given: QueryDict) -> str:
    """Return the address of the queue that the reader came from."""
    asked = given.get("back", "")[:LONGEST_BACK]
    home = reverse("support:queue")
    is_ours = asked.startswith(home) and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    return asked if is_ours else home
