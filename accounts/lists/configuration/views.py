"""Shared saved views in a file: what they show, who sees them, and who begins with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from accounts.conditions.expression import condition_data
from accounts.listing.filters import filter_named
from accounts.listing.spec import Listing
from accounts.lists.configuration.names import (
    Entry,
    Key,
    check_entries,
    entry_key,
    key_of,
    owners_of,
    read_condition,
    reference_key,
    reference_of,
    told_condition,
    words_of,
)
from accounts.lists.models import SavedView, Sharing, TargetList, ViewDefault
from accounts.lists.opening import IN_LIST, IN_VIEW, KEPT, query_of
from accounts.lists.services import begin_function, change_view, create_view, delete_view
from accounts.lists.showing import contents
from accounts.lists.view_pages import ACCOUNTS, Kept
from people.access import EVERYTHING
from people.configuration.registry import ConfigError, Problem
from people.functions import Function
from people.models import User

LABELS = {
    "params": "what it shows",
    "where": "the condition",
    "sharing": "who sees it",
    "begins_for": "who begins with it",
}
Refs = Mapping[Key, SavedView] | Mapping[Key, TargetList]


def live_views() -> dict[Key, SavedView]:
    """Return every live view of the account list by owner and name; one query."""
    found = (
        SavedView.objects.live()
        .of_page(ACCOUNTS)
        .select_related("owner")
        .order_by("owner__email", "name", "pk")
    )
    return {key_of(one.owner.email, one.name): one for one in found}


def export_views(lists: Mapping[Key, TargetList]) -> list[dict[str, Any]]:
    """Return what shared views are."""
    views, begins = live_views(), _begins()
    return [_told(one, views, lists, begins) for one in views.values() if one.sharing != Sharing.ME]


def plan_views(
    entries: Sequence[Entry], lists: Mapping[Key, TargetList], coming_lists: set[Key]
) -> list[str]:
    """Say which views would be made, changed and deleted. Raises ConfigError with paths below the entries."""
    views, begins, owners = live_views(), _begins(), owners_of(entries)
    problems = check_entries(entries, owners)
    coming = {entry_key(entry) for entry in entries}
    said: list[str] = []
    began: dict[str, str] = {}
    for place, entry in enumerate(entries):
        told = f"View {words_of(entry)}"
        for function in entry.get("begins_for", ()):
            if function in began:
                problems.append(
                    Problem(f"[{place}].begins_for", f"{function} begins with {began[function]} already.")
                )
            began[function] = words_of(entry)
        problems += _check_sharing(entry, f"[{place}]")
        one = views.get(entry_key(entry))
        changed = _changed(one, entry, views, lists, begins)
        if not changed:
            continue
        owner = owners.get(entry["owner"].strip().lower())
        if owner is not None:
            problems += _check(entry, owner, f"[{place}]", views, lists, coming, coming_lists)
        if one is None:
            shown = "; ".join(f"{label}: {value}" for label, value in contents(_plain(entry["params"]), None))
            said.append(f"{told} is new{f' ({shown})' if shown else ''}")
        else:
            said += [f"{told}: {LABELS.get(name, name)} changes" for name in changed]
    if problems:
        raise ConfigError(problems)
    return said + [
        f"View “{one.name}” of {one.owner.email} is deleted; its owner can bring it back"
        for one in _dropped(entries, views)
    ]


def apply_views(entries: Sequence[Entry], by: User | None, lists: Mapping[Key, TargetList]) -> None:
    """Make, change and delete views, those first that others filter by. Raises ConfigError for a circle."""
    owners = owners_of(entries)
    waiting = list(enumerate(entries))
    while waiting:
        views = live_views()
        coming = {entry_key(entry) for _, entry in waiting} - views.keys()
        ready = [(place, entry) for place, entry in waiting if not _asked(entry, IN_VIEW) & coming]
        if not ready:
            place, entry = waiting[0]
            raise ConfigError([Problem(f"[{place}].params", f"{words_of(entry)} would filter by itself.")])
        for place, entry in ready:
            _write(entry, owners[entry["owner"].strip().lower()], by, views, lists, f"[{place}]")
        done = {place for place, _ in ready}
        waiting = [(place, entry) for place, entry in waiting if place not in done]
    for one in _dropped(entries, live_views()):
        delete_view(view=one, by=by or one.owner)
    _begin(entries)


def _told(
    one: SavedView,
    views: Mapping[Key, SavedView],
    lists: Mapping[Key, TargetList],
    begins: Mapping[int, list[str]],
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": one.name,
        "owner": one.owner.email,
        "sharing": one.sharing,
        "functions": list(one.functions),
        "params": _translated(one.params, views, lists, lambda row: (str(row.pk), reference_of(row))),
        "where": told_condition(one.where, lists),
    }
    return told | ({"begins_for": begins[one.pk]} if begins.get(one.pk) else {})


def _translated(params: Mapping[str, Sequence[str]], views: Refs, lists: Refs, pair: Any) -> Kept:
    tables = {IN_VIEW: dict(map(pair, views.values())), IN_LIST: dict(map(pair, lists.values()))}
    return {
        key: [tables.get(key, {}).get(text, text) for text in texts] for key, texts in sorted(params.items())
    }


def _numbered(params: Mapping[str, Sequence[str]], views: Refs, lists: Refs) -> Kept:
    """Return parameters with the numbers of views and lists for what the file calls them."""
    tables: dict[str, Refs] = {IN_VIEW: views, IN_LIST: lists}
    found: Kept = {}
    for key, texts in params.items():
        table = tables.get(key)
        held = [table.get(reference_key(text)) if table is not None else None for text in texts]
        found[key] = [str(row.pk) if row is not None else text for row, text in zip(held, texts, strict=True)]
        if key not in (*KEPT, "columns"):
            found[key] = sorted(set(found[key]))
    return found


def _plain(params: Mapping[str, Sequence[str]]) -> Kept:
    return {key: list(texts) for key, texts in params.items()}


def _changed(
    one: SavedView | None,
    entry: Entry,
    views: Mapping[Key, SavedView],
    lists: Mapping[Key, TargetList],
    begins: Mapping[int, list[str]],
) -> list[str]:
    """Return which members of an entry differ from a view; those of one that isn't there are all new."""
    if one is None:
        return ["new"]
    held = _told(one, views, lists, begins) | {"begins_for": sorted(begins.get(one.pk, []))}
    wanted = {**entry, "name": " ".join(entry["name"].split()), "owner": one.owner.email}
    wanted["begins_for"] = sorted(entry.get("begins_for", []))
    held["params"] = {
        key: sorted(texts) if key not in KEPT else texts for key, texts in held["params"].items()
    }
    wanted["params"] = {
        key: sorted(texts) if key not in KEPT else list(texts) for key, texts in entry["params"].items()
    }
    if held["sharing"] == wanted["sharing"] == Sharing.FUNCTIONS:
        wanted["functions"] = [each for each in Function.values if each in entry["functions"]]
    elif wanted["sharing"] != Sharing.FUNCTIONS:
        wanted["functions"] = []
    if held.pop("functions") != wanted.pop("functions"):
        wanted["sharing"] = ("", wanted["sharing"])
    return [name for name, value in held.items() if value != wanted[name]]


def _check(
    entry: Entry,
    owner: User,
    path: str,
    views: Mapping[Key, SavedView],
    lists: Mapping[Key, TargetList],
    coming: set[Key],
    coming_lists: set[Key],
) -> list[Problem]:
    """Return what is wrong with what a view shows; whether its readers may read that is asked when it is opened."""
    problems = [
        Problem(
            f"{path}.params.{key}", "is no filter, column list or order.", "Save such a view and export it."
        )
        for key in entry["params"]
        if key not in KEPT and (key == "id" or filter_named(key) is None)
    ]
    known = {
        key: texts
        for key, texts in entry["params"].items()
        if not (
            _asked(entry, key)
            & ((coming - views.keys()) if key == IN_VIEW else (coming_lists - lists.keys()))
        )
    }
    if entry["where"] is not None:
        try:
            read_condition(entry["where"], f"{path}.where", lists, coming_lists)
        except ConfigError as error:
            problems += error.problems
    if not problems:
        params = query_of(SavedView(params=_numbered(known, views, lists)))
        listing = Listing(params=params, user=owner, access=EVERYTHING)
        told = [*listing.problems, *([listing.closed] if listing.closed else [])]
        problems += [Problem(f"{path}.params", one) for one in told]
    return problems


def _check_sharing(entry: Entry, path: str) -> list[Problem]:
    if entry["sharing"] == Sharing.FUNCTIONS and not entry["functions"]:
        return [Problem(f"{path}.functions", "must name at least one function.")]
    if entry["sharing"] == Sharing.FUNCTIONS:
        unseen = sorted(set(entry.get("begins_for", ())) - set(entry["functions"]))
        if unseen:
            return [
                Problem(f"{path}.begins_for", f"{unseen[0]} doesn’t see the view.", "Share it with them.")
            ]
    return []


def _write(
    entry: Entry,
    owner: User,
    by: User | None,
    views: Mapping[Key, SavedView],
    lists: Mapping[Key, TargetList],
    path: str,
) -> None:
    one = views.get(entry_key(entry))
    changed = [name for name in _changed(one, entry, views, lists, _begins()) if name != "begins_for"]
    if not changed:
        return
    shown: dict[str, Any] = {
        "name": entry["name"],
        "sharing": entry["sharing"],
        "functions": entry["functions"],
        "params": _numbered(entry["params"], views, lists),
        "where": _stored_where(entry, one, lists, path),
    }
    if one is None:
        create_view(by=owner, **shown)
    else:
        change_view(view=one, by=by or one.owner, version=one.version, **shown)


def _stored_where(entry: Entry, one: SavedView | None, lists: Mapping[Key, TargetList], path: str) -> Any:
    where = entry["where"]
    if where is None:
        return None
    if one is not None and told_condition(one.where, lists) == where:
        return one.where
    return condition_data(read_condition(where, f"{path}.where", lists)[0])


def _asked(entry: Entry, name: str) -> set[Key]:
    return {reference_key(text) for text in entry["params"].get(name, ())}


def _begins() -> dict[int, list[str]]:
    """Return the functions that begin with a view, by its number; one query."""
    found: dict[int, list[str]] = {}
    rows = ViewDefault.objects.filter(user=None).order_by("function").values_list("view_id", "function")
    for pk, function in rows:
        found.setdefault(pk, []).append(function)
    return found


def _begin(entries: Iterable[Entry]) -> None:
    views = live_views()
    wanted = {
        function: views[entry_key(entry)] for entry in entries for function in entry.get("begins_for", ())
    }
    held = {function: pk for pk, functions in _begins().items() for function in functions}
    for function in Function.values:
        view = wanted.get(function)
        if held.get(function) != (view.pk if view else None):
            begin_function(view=view, function=function)


def _dropped(entries: Sequence[Entry], views: Mapping[Key, SavedView]) -> list[SavedView]:
    named = {entry_key(entry) for entry in entries}
    return [one for key, one in views.items() if one.sharing != Sharing.ME and key not in named]
