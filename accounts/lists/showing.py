"""What the pages say about saved views: the menu of the account list, and a view in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from accounts.conditions.expression import ConditionError, problems_of, stored_condition
from accounts.conditions.words import words
from accounts.lenses.registry import columns, lenses
from accounts.listing.filters import filter_named
from accounts.listing.spec import Listing
from accounts.lists.models import SavedView, Sharing, TargetList
from accounts.lists.opening import EVERYTHING, VIEW
from accounts.lists.view_pages import ACCOUNTS, Kept, Names, ViewPage, view_pages
from people.functions import Function
from people.models import User


def view_menu(listing: Listing) -> dict[str, Any]:
    """Return the views that the reader chooses from, and what can be done with the one shown."""
    query = listing.url().removeprefix("?")
    return menu_of(
        view_pages[ACCOUNTS],
        listing.user,
        listing.views,
        current=listing.view,
        is_changed=listing.is_changed,
        query=query,
    )


def menu_of(
    page: ViewPage,
    user: User,
    views: Sequence[SavedView],
    *,
    current: SavedView | None,
    is_changed: bool,
    query: str,
) -> dict[str, Any]:
    """Return what the menu of a page's views shows: those to choose from, and what can be done with the one shown."""
    of_page = "" if page.key == ACCOUNTS else f"page={page.key}&"
    return {
        "page": page,
        "current": current,
        "title": current.name if current else page.everything,
        "all_url": f"{reverse(page.url_name)}?{VIEW}={EVERYTHING}",
        "mine": [one for one in views if one.owner_id == user.pk],
        "shared": [one for one in views if one.owner_id != user.pk],
        "is_changed": is_changed,
        "is_own": current is not None and may_change(current, user),
        "query": query,
        "save_as_url": f"{reverse('accounts:view_new')}?{of_page}{query}",
        "is_accounts": page.key == ACCOUNTS,
    }


def may_change(view: SavedView, user: User) -> bool:
    """Return whether a person changes a view: its owner, and RevOps where it is shared."""
    return view.owner_id == user.pk or (user.function == Function.REVOPS and view.sharing != Sharing.ME)


def audience(view: SavedView) -> str:
    """Return who sees a view, in words."""
    if view.sharing == Sharing.FUNCTIONS:
        return ", ".join(Function(function).label for function in view.functions)
    return str(Sharing(view.sharing).label)


def contents(params: Kept, where: Any, names: Names | None = None) -> list[tuple[str, str]]:
    """Return what a view shows, a label and words for each part; ``names`` those of views and lists by parameter."""
    found: list[tuple[str, str]] = []
    for key, texts in params.items():
        if key == "q":
            found.append(("Name", texts[0]))
        elif key == "columns":
            found.append(("Columns", ", ".join(columns[text].label for text in texts if text in columns)))
        elif key == "sort":
            column = columns.get(texts[0].removeprefix("-"))
            way = "descending" if texts[0].startswith("-") else "ascending"
            found.append(("Order", f"{column.label if column else texts[0]}, {way}"))
        elif key == "lens":
            found.append(("Lens", lenses[texts[0]].label if texts[0] in lenses else texts[0]))
        elif (item := filter_named(key)) is not None:
            known = (names or {}).get(key) or {choice.value: choice.label for choice in item.choices()}
            found.append((item.label, ", ".join(known.get(text, text) for text in texts)))
    if where is not None:
        found.append(("Condition", where_words(where)))
    return found


def where_words(data: Any) -> str:
    """Return a stored condition in words, with what is wrong with it now."""
    try:
        condition = stored_condition(data)
    except ConditionError as error:
        return " ".join(one.message for one in error.problems[:2])
    problems = problems_of(condition)
    if problems:
        return " ".join(one.message for one in problems[:2])
    return words(condition)


def names_for(views: list[SavedView], lists: list[TargetList]) -> dict[str, dict[str, str]]:
    """Return the names of views and lists by the parameter that holds their ids."""
    return {
        "in_view": {str(one.pk): one.name for one in views},
        "list": {str(one.pk): one.name for one in lists},
    }
