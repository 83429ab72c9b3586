"""The queue, whose address saved views keep."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.utils import timezone

from accounts.lists.view_pages import Kept, Names, Shown, ViewPage, register_view_page
from people.access import Access, require
from people.models import Category, User
from support.queue.asking import FILTERS, NEVER_KEPT, VIEWS, Asked, kept_of


def _read(params: QueryDict, user: User, access: Access) -> Shown:
    require(access, Category.ACCOUNT_PROFILE)
    require(access, Category.SUPPORT_HISTORY)
    asked = Asked(params, user, timezone.now())
    trouble = " ".join([*asked.problems, *([asked.closed] if asked.closed else [])])
    return Shown(kept_of(asked), None, asked.url().removeprefix("?"), trouble)


def _contents(params: Kept, where: Any, names: Names) -> list[tuple[str, str]]:
    held = QueryDict(mutable=True)
    for name, texts in params.items():
        held.setlist(name, texts)
    asked = Asked(held, None, timezone.now())
    return [
        (label, ", ".join(asked.words.get(name, {}).get(text, text) for text in params[name]))
        for name, label in FILTERS.items()
        if name in params and name not in NEVER_KEPT
    ]


register_view_page(
    ViewPage(
        key=VIEWS,
        label="Queue",
        url_name="support:queue",
        everything="The whole queue",
        about="Others see the same filters over the queue, if they read tickets. “Me” is whoever looks.",
        read=_read,
        contents=_contents,
    )
)
