"""Saved views: kept, changed, copied, ordered, chosen as what the list opens with, deleted and brought back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.lists.errors import ChangedMeanwhile, ListRefused
from accounts.lists.graph import circle_of_views
from accounts.lists.models import LONGEST_NAME, SavedView, Sharing, ViewDefault
from accounts.lists.services.names import clean_name
from accounts.lists.view_pages import ACCOUNTS, Kept, page_of
from people.functions import Function
from people.models import User

LARGEST_PLACE = 2_000_000_000


@transaction.atomic
def create_view(
    *,
    name: str,
    by: User,
    params: Kept,
    where: Any = None,
    sharing: str = Sharing.ME,
    functions: Sequence[str] = (),
    page: str = ACCOUNTS,
) -> SavedView:
    """Keep what a page shows under a name, behind the person's other views. Raises ListRefused."""
    last = SavedView.objects.live().filter(owner=by).aggregate(last=Max("place"))["last"] or 0
    view = SavedView(page=page, owner=by, place=min(last + 1, LARGEST_PLACE), params=params, where=where)
    _describe(view, name, sharing, functions)
    _save(view)
    return view


@transaction.atomic
def change_view(
    *,
    view: SavedView,
    by: User,
    version: int,
    name: str | None = None,
    sharing: str | None = None,
    functions: Sequence[str] = (),
    params: Kept | None = None,
    where: Any = None,
) -> SavedView:
    """Change what a view is called, who sees it, or, with ``params`` and ``where``, what it shows.

    Raises ListRefused, at ``in_view`` where it would filter by itself; ChangedMeanwhile where ``version`` is not its
    newest.
    """
    held = _own(view, by)
    if held.version != version:
        raise ChangedMeanwhile(
            "This view has been changed meanwhile. It is shown as it is now; save again to replace it."
        )
    if name is not None:
        _describe(held, name, sharing or held.sharing, functions)
    if params is not None:
        circle = circle_of_views(held, params)
        if circle:
            raise ListRefused(f"The view would filter by itself: {circle}.", field="in_view")
        held.params, held.where = params, where
    held.version += 1
    held.updated_at = timezone.now()
    _save(held)
    return held


@transaction.atomic
def copy_view(*, view: SavedView, by: User) -> SavedView:
    """Make a view of one's own from any view that one sees."""
    taken = {
        name.upper() for name in SavedView.objects.live().filter(owner=by).values_list("name", flat=True)
    }
    name, number = f"{view.name[: LONGEST_NAME - 10]} copy", 2
    while name.upper() in taken:
        name, number = f"{view.name[: LONGEST_NAME - 14]} copy {number}", number + 1
    return create_view(name=name, by=by, params=view.params, where=view.where, page=view.page)


@transaction.atomic
def move_view(*, view: SavedView, by: User, up: bool) -> None:
    """Let a view change places with the next one of its owner, above it or below."""
    held = _own(view, by)
    views = list(
        SavedView.objects.live().filter(owner=held.owner_id).select_for_update().order_by("place", "pk")
    )
    at = next(place for place, one in enumerate(views) if one.pk == held.pk)
    other = at - 1 if up else at + 1
    if not 0 <= other < len(views):
        return
    views[at], views[other] = views[other], views[at]
    for place, one in enumerate(views, 1):
        one.place = place
    SavedView.objects.bulk_update(views, ["place"])


@transaction.atomic
def delete_view(*, view: SavedView, by: User) -> None:
    """Delete a view; it can be brought back."""
    held = _own(view, by)
    held.deleted_at = timezone.now()
    held.save(update_fields=["deleted_at"])


@transaction.atomic
def restore_view(*, view: SavedView, by: User) -> SavedView:
    """Bring a deleted view back. Raises ListRefused where its name is taken, or it would filter by itself."""
    held = _own(view, by, deleted=True)
    held.deleted_at = None
    circle = circle_of_views(held, held.params)
    if circle:
        raise ListRefused(f"The view would filter by itself: {circle}.", field="in_view")
    _save(held)
    return held


@transaction.atomic
def set_default(*, view: SavedView | None, by: User, function: str = "") -> None:
    """Let the account list open with a view, for oneself or, by RevOps, for a function; None for all accounts.

    Raises ListRefused where the function doesn't see the view, or it is of a page that doesn't begin with any.
    """
    if view is not None and not page_of(view.page).can_begin:
        raise ListRefused("Only the account list begins with a view.")
    if function:
        if by.function != Function.REVOPS:
            raise ListRefused("Only RevOps decides what a function begins with.")
        if function not in Function.values:
            raise ListRefused("There is no such function.", field="function")
        if view is not None and not _seen_by(view, function):
            raise ListRefused(
                f"{Function(function).label} doesn’t see this view. Share it first.", field="function"
            )
        begin_function(view=view, function=function)
    elif view is None:
        ViewDefault.objects.filter(user=by).delete()
    else:
        ViewDefault.objects.update_or_create(user=by, function="", defaults={"view": view})


@transaction.atomic
def begin_function(*, view: SavedView | None, function: str) -> None:
    """Let the account list open with a view for a function, or with all accounts."""
    if view is None:
        ViewDefault.objects.filter(user=None, function=function).delete()
    else:
        ViewDefault.objects.update_or_create(user=None, function=function, defaults={"view": view})


def _seen_by(view: SavedView, function: str) -> bool:
    return view.sharing == Sharing.ALL or (view.sharing == Sharing.FUNCTIONS and function in view.functions)


def _own(view: SavedView, by: User, *, deleted: bool = False) -> SavedView:
    held = SavedView.objects.select_for_update(of=("self",)).filter(pk=view.pk).first()
    if held is None or (held.deleted_at is not None) is not deleted:
        raise ListRefused(
            "The view has been deleted meanwhile." if not deleted else "The view is there already."
        )
    if held.owner_id != by.pk and not (by.function == Function.REVOPS and held.sharing != Sharing.ME):
        raise ListRefused("Only its owner changes this view. Save a copy of your own.")
    return held


def _describe(view: SavedView, name: str, sharing: str, functions: Sequence[str]) -> None:
    view.name = clean_name(name)
    if sharing not in Sharing.values:
        raise ListRefused("Choose who sees it.", field="sharing")
    chosen = [function for function in Function.values if function in functions]
    if sharing == Sharing.FUNCTIONS and not chosen:
        raise ListRefused("Choose at least one function.", field="functions")
    view.sharing, view.functions = sharing, chosen if sharing == Sharing.FUNCTIONS else []


def _save(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        if "one_name" in str(error):
            raise ListRefused(f"You already have a view called “{view.name}”.", field="name") from error
        raise
