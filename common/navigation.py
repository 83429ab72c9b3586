"""The entries of the left navigation, declared by the apps that own the pages.

An app calls ``register_nav`` in its ``nav.py``, which is discovered at start-up. An entry whose URL does not
exist, or which its ``visible`` test refuses, is left out, so that no entry ever leads nowhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from common.registry import Registry


@dataclass(frozen=True, kw_only=True)
class NavItem:
    """One entry; ``functions_first`` lists the functions that meet it before the others of its group.

    ``badge`` counts what waits there for the reader, and ``badge_noun`` says what that is.
    """

    key: str
    label: str
    icon: str
    url_name: str
    group: str = ""
    order: int = 100
    functions_first: tuple[str, ...] = ()
    visible: Callable[[HttpRequest], bool] | None = None
    badge: Callable[[HttpRequest], int] | None = None
    badge_noun: str = ""


@dataclass(frozen=True, kw_only=True)
class NavLink:
    """An entry as one reader sees it now."""

    key: str
    label: str
    icon: str
    url: str
    is_current: bool
    badge: int = 0
    badge_noun: str = ""


@dataclass(frozen=True, kw_only=True)
class NavGroup:
    """Links under one heading; the heading of the first group is empty."""

    label: str
    links: Sequence[NavLink]


navigation: Registry[NavItem] = Registry("navigation entry", "nav")


def register_nav(item: NavItem) -> NavItem:
    """Declare an entry."""
    return navigation.register(item)


def navigation_for(request: HttpRequest, function: str = "") -> list[NavGroup]:
    """Return the groups for one reader: what their function uses first stands first.

    The group without a heading stays on top. At most one link is current: the longest that fits.
    """
    found = [(item, url) for item in navigation if (url := _url_of(item, request))]
    current = _current_key(request.path, found)
    ranked = sorted(
        found, key=lambda pair: (function not in pair[0].functions_first, pair[0].order, pair[0].key)
    )
    # sorted() is stable: groups keep the rank of their first entry, and the one without a heading leads.
    labels = dict.fromkeys(item.group for item, _ in sorted(ranked, key=lambda pair: bool(pair[0].group)))
    return [
        NavGroup(
            label=label,
            links=[
                NavLink(
                    key=item.key,
                    label=item.label,
                    icon=item.icon,
                    url=url,
                    is_current=item.key == current,
                    badge=item.badge(request) if item.badge else 0,
                    badge_noun=item.badge_noun,
                )
                for item, url in ranked
                if item.group == label
            ],
        )
        for label in labels
    ]


def _url_of(item: NavItem, request: HttpRequest) -> str:
    """Return the entry's address, or nothing when it has none for this reader."""
    if item.visible is not None and not item.visible(request):
        return ""
    try:
        return reverse(item.url_name)
    except NoReverseMatch:
        return ""


def _current_key(path: str, found: Sequence[tuple[NavItem, str]]) -> str:
    """Return the key of the entry the reader is under; the root only matches itself."""
    matches = [
        (len(url), item.key) for item, url in found if path == url or (url != "/" and path.startswith(url))
    ]
    return max(matches)[1] if matches else ""
