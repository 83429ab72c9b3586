"""Find people: the list that RevOps searches, filters and sorts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce, Lower
from django.http import QueryDict

from common.export import Table, table_of
from people.absences.rota import Rota
from people.functions import Function
from people.models import User

# Rows read at a time for a file.
CHUNK = 2000
STATUSES = {"active": "Active", "inactive": "Deactivated", "all": "All"}
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
ORDERS: dict[str, tuple[str, ...]] = {
    "name": ("sort_name", "pk"),
    "-name": ("-sort_name", "-pk"),
    "function": ("function", "sort_name", "pk"),
    "-function": ("-function", "-sort_name", "-pk"),
    "seen": ("seen_at", "pk"),
    "-seen": ("-seen_at", "-pk"),
}


def names_of(emails: Iterable[str]) -> dict[str, str]:
    """Return the name of each colleague by address; addresses of nobody known are left out. One query."""
    known = User.objects.filter(email__in={email for email in emails if email})
    return dict(known.values_list("email", "name"))


@dataclass(frozen=True, slots=True)
class Search:
    """What the list is asked for; anything unknown in the URL falls back to the default."""

    text: str
    function: str
    status: str
    sort: str

    @classmethod
    def from_params(cls, params: QueryDict) -> Search:
        """Read the URL."""
        function, status, sort = (params.get(key, "") for key in ("function", "status", "sort"))
        return cls(
            text=params.get("q", "").replace("\x00", "").strip()[:200],
            function=function if function in Function.values else "",
            status=status if status in STATUSES else "active",
            sort=sort if sort in ORDERS else "name",
        )

    @property
    def order(self) -> tuple[str, ...]:
        """The fields for ``common.pagination.read_page``."""
        return ORDERS[self.sort]

    @property
    def is_narrowed(self) -> bool:
        """Whether somebody may be missing from the list because of what was asked."""
        return bool(self.text or self.function)

    def find(self) -> QuerySet[User]:
        """Return the people asked for, unordered."""
        people = User.objects.annotate(sort_name=Lower("name"), seen_at=Coalesce("last_login", Value(NEVER)))
        if self.status != "all":
            people = people.filter(is_active=self.status == "active")
        if self.function:
            people = people.filter(function=self.function)
        for word in self.text.split():
            people = people.filter(
                Q(name__icontains=word) | Q(email__icontains=word) | Q(title__icontains=word)
            )
        return people


def users_table(search: Search) -> Table:
    """Return the people asked for as a table for a file, in the list's own order."""
    rota = Rota.read()
    return table_of(
        "users",
        search.find().order_by(*search.order).iterator(chunk_size=CHUNK),
        [
            ("name", "Name", lambda each: each.name),
            ("email", "Email", lambda each: each.email),
            ("function", "Function", lambda each: each.get_function_display()),
            ("title", "Title", lambda each: each.title),
            ("status", "Status", lambda each: "Active" if each.is_active else "Deactivated"),
            ("away", "Away", lambda each: rota.told(each.pk)),
            ("last_login", "Last sign-in", lambda each: each.last_login),
        ],
    )
