"""The access policy: read by everybody, changed by RevOps, every change shown before it is saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from people import policy
from people.access import only_for
from people.functions import Function
from people.guards import is_revops, revops_only, signed_in, whom_to_ask
from people.models import RESERVED, Category, Level, User, default_level
from people.policy import CONTENTS, EDITABLE, FIXED, Pair
from people.services import PolicyChangedError, change_access

BACK_TO_DEFAULTS = "This sets every function back to the levels the product came with."
SAVES_A_READ = 50  # a save of everything is a row for each pair
INCOMPLETE = "The form was incomplete. Nothing has changed; choose the levels again."
NOTHING_TO_SAVE = "There is nothing to save: the policy already reads like this."


@dataclass(frozen=True, slots=True)
class Cell:
    """One pair of the matrix as the page shows it; ``shown`` differs from ``held`` in a draft."""

    function: Function
    category: Category
    held: Level
    shown: Level
    is_yours: bool

    @property
    def name(self) -> str:
        """The name of the control."""
        return f"{self.function}.{self.category}"


@require_http_methods(["GET", "HEAD", "POST"])
def access_policy(request: HttpRequest) -> HttpResponse:
    """Show the policy; ``?draft=function:category:level`` keeps what was chosen but not saved. POST saves."""
    if request.method == "POST":
        return _save(request)
    held = policy.held_levels()
    if asked_format(request):
        return export_response(request, chosen_table(request, _exports(held)))
    draft = policy.read_wishes(request.GET.getlist("draft")) if is_revops(request) else {}
    mine = str(getattr(request.user, "function", ""))
    older = _number(request.GET.get("older"))
    history, next_older = policy.recent_changes(before=older)
    counts = dict(
        User.objects.filter(is_active=True).values_list("function").annotate(people=Count("pk")).order_by()
    )
    context = {
        "exports": _exports(held),
        "rows": [
            {
                "category": category,
                "contents": CONTENTS[category],
                "cells": [_cell(function, category, held, draft, mine) for function in EDITABLE],
                "reserved": only_for(category) if category in RESERVED else "",
            }
            for category in Category
        ],
        "columns": [
            {"function": function, "people": counts.get(function.value, 0), "is_yours": function == mine}
            for function in EDITABLE
        ],
        "levels": Level,
        "can_edit": is_revops(request),
        "is_fixed": mine in FIXED,
        "mine": [
            (level, [category.label for category in Category if held[mine, category.value] == level])
            for level in reversed(Level)
        ]
        if mine in Function.values
        else [],
        "whom_to_ask": "" if is_revops(request) else whom_to_ask(),
        "version": policy.policy_version(),
        "differs_from_defaults": bool(policy.differences(held, _defaults())),
        "history": history,
        "older_url": f"?older={next_older}#history" if next_older else "",
        "is_older": older is not None,
    }
    return render(request, "people/access.html", context)


def _exports(held: Mapping[Pair, Level]) -> list[Offer]:
    """Return the lists of the page: the policy in force, and how it came about."""
    return [
        Offer("policy", "Who reads what", lambda: _policy_table(held)),
        Offer("history", "What was changed", _history_table),
    ]


def _policy_table(held: Mapping[Pair, Level]) -> Table:
    return table_of(
        "access-policy",
        list(Category),
        [
            ("category", "Data category", lambda each: each.label),
            ("contents", "Holds", lambda each: CONTENTS[each]),
            *(
                (function.value, function.label, lambda each, of=function.value: held[of, each.value].label)
                for function in EDITABLE
            ),
            *(
                (function.value, function.label, lambda each, of=function.value: held[of, each.value].label)
                for function in sorted(FIXED)
            ),
        ],
    )


def _history_table() -> Table:
    return table_of(
        "access-changes",
        _every_change(),
        [
            ("changed_at", "When", lambda each: each[0].changed_at),
            ("author", "Who", lambda each: each[0].author),
            ("function", "Function", lambda each: each[1].function_label),
            ("category", "Data category", lambda each: each[1].category_label),
            ("before", "From", lambda each: each[1].before.label),
            ("after", "To", lambda each: each[1].after.label),
        ],
    )


def _every_change() -> Iterator[tuple[policy.PolicyChange, policy.LevelChange]]:
    older: int | None = None
    while True:
        saves, older = policy.recent_changes(before=older, size=SAVES_A_READ)
        yield from ((save, change) for save in saves for change in save.changes)
        if older is None:
            return


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only("Changing the access policy")
def review_access(request: HttpRequest) -> HttpResponse:
    """Show what would change before anything does.

    POST takes the whole matrix as the editor left it; GET takes ``?undo=<id of a save>`` or ``?defaults=1``.
    """
    if request.method == "POST":
        return _review_matrix(request)
    if request.GET.get("defaults"):
        return _review(request, _defaults(), [BACK_TO_DEFAULTS])
    try:
        change = policy.change_of(UUID(request.GET.get("undo", "")))
    except ValueError:
        change = None
    if change is None:
        messages.warning(request, "That change is not in the history, so it can't be undone.")
        return redirect("people:access")
    held = policy.held_levels()
    later = [part for part in change.changes if held[part.pair] not in (part.before, part.after)]
    notices = [
        f"{part.function_label}: {part.category_label} was changed again since, to {held[part.pair].label}."
        for part in later
    ]
    return _review(request, {part.pair: part.before for part in change.changes}, notices)


def _review_matrix(request: HttpRequest) -> HttpResponse:
    """Compare the submitted matrix with the policy as the editor saw it, so that others' changes stay."""
    version = _number(request.POST.get("version"))
    if version is None:
        messages.warning(request, INCOMPLETE)
        return redirect("people:access")
    submitted = policy.read_wishes(
        f"{name.replace('.', ':')}:{value}" for name, value in request.POST.items() if "." in name
    )
    held = policy.held_levels()
    meanwhile = policy.changes_since(version)
    seen = dict(held)
    for change in meanwhile:  # newest first, so the oldest level is written last
        seen.update({part.pair: part.before for part in change.changes})
    wished = {pair: level for pair, level in submitted.items() if level != seen[pair]}
    return _review(request, wished, _told(meanwhile, wished))


@revops_only("Changing the access policy")
def _save(request: HttpRequest) -> HttpResponse:
    """Save what the review showed, unless the policy moved on between the two."""
    wished = policy.read_wishes(request.POST.getlist("set"))
    version = _number(request.POST.get("version"))
    if version is None:
        messages.warning(request, INCOMPLETE)
        return redirect("people:access")
    try:
        changes = change_access(levels=wished, by=signed_in(request), seen_version=version)
    except PolicyChangedError:
        meanwhile = policy.changes_since(version)
        return _review(request, wished, _told(meanwhile, wished), status=409)
    if changes:
        messages.success(request, f"{_counted(len(changes))} saved. The history below can undo it.")
    else:
        messages.info(request, NOTHING_TO_SAVE)
    return redirect("people:access")


def _review(
    request: HttpRequest, wished: Mapping[Pair, Level], notices: Sequence[str], *, status: int = 200
) -> HttpResponse:
    # The version first: a change between the two reads is then reported at saving instead of being lost.
    version = policy.policy_version()
    changes = policy.differences(policy.held_levels(), wished)
    if not changes:
        messages.info(request, " ".join([*notices, NOTHING_TO_SAVE]))
        return redirect("people:access")
    people = User.objects.filter(is_active=True, function__in={change.function for change in changes})
    draft = QueryDict(mutable=True)
    draft.setlist("draft", [change.token for change in changes])
    context = {
        "changes": changes,
        "people": people.count(),
        "summary": _counted(len(changes)),
        "notices": notices,
        "version": version,
        "edit_url": f"{reverse('people:access')}?{draft.urlencode()}",
    }
    return render(request, "people/access_review.html", context, status=status)


def _told(meanwhile: Sequence[policy.PolicyChange], wished: Mapping[Pair, Level]) -> list[str]:
    """Say what others saved while this editor was choosing, clashes in full."""
    told = []
    for change in meanwhile:
        for part in change.changes:
            clash = part.pair in wished and wished[part.pair] != part.after
            end = f"; you are about to set it to {wished[part.pair].label}." if clash else "."
            told.append(f"{change.author} changed {part} while you were editing{end}")
    return told


def _cell(
    function: Function, category: Category, held: Mapping[Pair, Level], draft: Mapping[Pair, Level], mine: str
) -> Cell:
    pair = (function.value, category.value)
    return Cell(function, category, held[pair], draft.get(pair, held[pair]), function == mine)


def _defaults() -> dict[Pair, Level]:
    return {pair: default_level(*pair) for pair in policy.all_pairs()}


def _counted(count: int) -> str:
    return "1 change" if count == 1 else f"{count} changes"


def _number(text: Any) -> int | None:
    """Read a whole number of a form or URL that fits the database's keys."""
    text = str(text or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
