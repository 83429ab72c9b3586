"""Pages whose address can be kept as a saved view; an app declares its own in ``view_pages.py``.

The account list is the first of them. A view belongs to one page for good, and all else (who sees it, its place,
copying, deleting and bringing back) is the same for every page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage
from django.http import QueryDict

from common.registry import Registry
from people.access import Access
from people.models import User

ACCOUNTS = "accounts"

Kept = dict[str, list[str]]
# The names of views and lists by the parameter that holds their ids.
Names = Mapping[str, Mapping[str, str]]


@dataclass
class Shown:
    """What an address says, as a view would keep it; ``trouble`` says why it can't be kept as it is."""

    params: Kept
    where: Any
    query: str
    trouble: str
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ViewPage:
    """A page that views are of: where it is, what it shows without one, and how its address is read and told.

    ``read`` takes the address of somebody who may read the page, and raises PermissionDenied for others. ``contents``
    says what a view shows, a label and words for each part. ``can_begin`` is whether the page opens with a view.
    """

    key: str
    label: str
    url_name: str
    everything: str
    about: str
    read: Callable[[QueryDict, User, Access], Shown]
    contents: Callable[[Kept, Any, Names], list[tuple[str, str]]]
    can_begin: bool = False


view_pages: Registry[ViewPage] = Registry("page of saved views", "view_pages")


def register_view_page(page: ViewPage) -> ViewPage:
    """Declare a page."""
    return view_pages.register(page)


def page_of(key: str) -> ViewPage:
    """Return the page of a key, the account list where there is none such."""
    return view_pages[key] if key in view_pages else view_pages[ACCOUNTS]


def check_view_pages(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return an error for each page that is declared twice."""
    return [*view_pages.check_duplicates()]
