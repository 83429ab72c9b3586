"""Search over accounts and the people in them, for the page and the palette."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Upper
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import Account, Contact
from common.htmx import render_page
from people.access import Access, request_access
from people.models import Category

SHORTEST = 2
LONGEST = 100
MOST = 20
IN_PALETTE = 8


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Find accounts and contacts whose name holds ``?q=``, in the order of their names.

    Two letters find names that start with them, three or more names that hold them. The palette asks with
    ``?palette=1`` and gets its own short list.
    """
    query, problem = _query(request.GET.get("q", ""))
    access = request_access(request)
    in_palette = "palette" in request.GET
    groups = _groups(query, access, IN_PALETTE if in_palette else MOST) if query and not problem else []
    context: dict[str, Any] = {
        "query": query,
        "problem": problem,
        "groups": groups,
        "list_url": reverse("accounts:list"),
        "is_closed": not access.allows(Category.ACCOUNT_PROFILE),
    }
    partial = "components/palette_results.html" if in_palette else "accounts/_search.html"
    return render_page(request, "accounts/search.html", partial, context)


def _query(text: str) -> tuple[str, str]:
    """Return the words to search for, and what is wrong with them."""
    if "\x00" in text or not _is_text(text):
        return "", "The search holds characters that can't be read."
    words = " ".join(text.split())[:LONGEST].strip()
    if words and len(words) < SHORTEST:
        return words, "Type at least two letters."
    return words, ""


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _groups(query: str, access: Access, most: int) -> list[dict[str, Any]]:
    if not access.allows(Category.ACCOUNT_PROFILE):
        return []
    found = [
        {"label": "Accounts", "items": _accounts(query, most)},
        {"label": "People", "items": _contacts(query, most)},
    ]
    return [group for group in found if group["items"]]


def _accounts(query: str, most: int) -> list[dict[str, Any]]:
    rows = _by_name(Account.objects.live().named_like(query), most).values_list(
        "pk", "name", "domain", "lifecycle", "standing__tier__label"
    )
    base = reverse("accounts:detail", args=[0]).removesuffix("0/")
    return [
        {"url": f"{base}{pk}/", "label": name, "hint": tier or domain or lifecycle, "icon": "building"}
        for pk, name, domain, lifecycle, tier in rows
    ]


def _contacts(query: str, most: int) -> list[dict[str, Any]]:
    rows = _by_name(Contact.objects.live().named_like(query), most).values_list(
        "account_id", "name", "title", "account__name"
    )
    base = reverse("accounts:detail", args=[0]).removesuffix("0/")
    return [
        {
            "url": f"{base}{account_id}/",
            "label": name,
            "hint": f"{title}, {account}" if title else account,
            "icon": "user",
        }
        for account_id, name, title, account in rows
    ]


def _by_name(found: QuerySet[Any], most: int) -> QuerySet[Any]:
    # By upper(name): an order that the index of names could give would be walked from A on, past every name
    # that doesn't match, where the trigram index finds the few that do.
    return found.order_by(Upper("name"), "pk")[:most]
