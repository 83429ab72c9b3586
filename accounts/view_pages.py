"""The account list, whose address saved views keep."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from accounts.listing.spec import PLACE, Listing
from accounts.lists.opening import kept_params, where_data
from accounts.lists.showing import contents
from accounts.lists.view_pages import ACCOUNTS, Kept, Names, Shown, ViewPage, register_view_page
from people.access import Access, require
from people.models import Category, User


def _read(params: QueryDict, user: User, access: Access) -> Shown:
    require(access, Category.ACCOUNT_PROFILE)
    for place in PLACE:
        params.pop(place, None)
    listing = Listing(params=params, user=user, access=access)
    trouble = " ".join([*listing.problems, *([listing.closed] if listing.closed else [])])
    try:
        where = where_data(listing.params)
    except ValueError:
        where, trouble = None, trouble or "The condition can’t be read."
    return Shown(kept_params(listing.params), where, listing.params.urlencode(), trouble)


def _contents(params: Kept, where: Any, names: Names) -> list[tuple[str, str]]:
    return contents(params, where, names)


register_view_page(
    ViewPage(
        key=ACCOUNTS,
        label="Account list",
        url_name="accounts:list",
        everything="All accounts",
        about="Others see the accounts that they may read, in columns that they may read. “Mine” are the accounts of "
        "whoever looks.",
        read=_read,
        contents=_contents,
        can_begin=True,
    )
)
