"""Saved views in the address of their page.

``?view=7`` is the view as it was saved; a parameter beside it takes the place of the view's own. It is opened to
``?from=7&…`` with everything it says, so that every link of the page can change a part of it, and the page can tell
whether that still is the view.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.http import QueryDict

from accounts.conditions.expression import ConditionError, condition_text, stored_condition
from accounts.listing.filters import filter_named
from accounts.lists.models import SavedView, ViewDefault
from accounts.lists.view_pages import ACCOUNTS, Kept
from people.models import User

VIEW, FROM, EVERYTHING = "view", "from", "all"
WHERE, IN_VIEW, IN_LIST = "where", "in_view", "list"
KEPT = ("q", "lens", "columns", "sort")
LARGEST_ID_DIGITS = 18


def id_of(text: str) -> int | None:
    """Return the number that a parameter holds, None where it holds none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LARGEST_ID_DIGITS else None


def kept_params(params: QueryDict) -> Kept:
    """Return what a view keeps of an address: filters, words, columns, order and lens, but no condition."""
    kept: Kept = {}
    for key, values in params.lists():
        if key not in KEPT and (key == "id" or filter_named(key) is None):
            continue
        texts = [text.strip() for text in values if text.strip()]
        if key == "columns":
            texts = [part for text in texts for part in text.split(",") if part]
        elif key not in KEPT:
            texts = sorted(set(texts))
        else:
            texts = texts[:1]
        if texts:
            kept[key] = texts
    return kept


def where_data(params: QueryDict) -> Any:
    """Return the JSON of the address's condition, None without one; raises ValueError where it is none."""
    text = params.get(WHERE, "").strip()
    if not text:
        return None
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def query_of(view: SavedView) -> QueryDict:
    """Return the parameters that a view stands for."""
    params = QueryDict(mutable=True)
    for key, texts in sorted(view.params.items()):
        if key == "columns":
            params[key] = ",".join(texts)
        else:
            params.setlist(key, texts)
    if view.where is not None:
        params[WHERE] = where_text(view.where)
    return params


def where_text(data: Any) -> str:
    """Return a stored condition as the address says it."""
    try:
        return condition_text(stored_condition(data))
    except ConditionError:
        return json.dumps(data, separators=(",", ":"))


def open_view(params: QueryDict, user: User, page: str = ACCOUNTS) -> tuple[SavedView | None, bool]:
    """Put what ``?view=`` stands for into ``params``; return the view, and whether one was asked for that isn't there.

    A view of another page isn't there.

    One query where a view is named, none else.
    """
    asked, held = params.get(VIEW, ""), params.get(FROM, "")
    params.pop(VIEW, None)
    if asked == EVERYTHING or not (asked or held):
        params.pop(FROM, None)
        return None, False
    number = id_of(asked or held)
    view = (
        None if number is None else SavedView.objects.shown_to(user).of_page(page).filter(pk=number).first()
    )
    if view is None:
        params.pop(FROM, None)
        return None, bool(asked)
    if asked:
        for key, texts in query_of(view).lists():
            if key not in params:
                params.setlist(key, texts)
        params[FROM] = str(view.pk)
    return view, False


def is_changed(view: SavedView, params: QueryDict) -> bool:
    """Return whether the address says something else than the view does."""
    if kept_params(params) != view.params:
        return True
    try:
        where = where_data(params)
    except ValueError:
        return True
    return bool(_canonical(where) != _canonical(view.where))


def _canonical(data: Any) -> Any:
    if data is None:
        return None
    try:
        return condition_text(stored_condition(data))
    except ConditionError:
        return json.dumps(data, sort_keys=True)


def default_view(user: User) -> int | None:
    """Return the view that the list opens with for a person: their own choice, else their function's; one query."""
    chosen = ViewDefault.objects.filter(view__in=SavedView.objects.shown_to(user))
    rows: Iterable[Mapping[str, Any]] = (
        chosen.filter(user=user)
        .union(chosen.filter(user=None, function=user.function))
        .values("user_id", "view_id")
    )
    held = {row["user_id"]: row["view_id"] for row in rows}
    return held.get(user.pk, held.get(None))
