"""The lists of an account in one text, as the account list shows them."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import OuterRef, Subquery, TextField, Value
from django.db.models.functions import Coalesce

from accounts.lists.models import ListMembership, TargetList

LISTS = "accounts.lists"
LISTS_FIELD = "names_of_lists"


def names_of_lists(lists: Iterable[TargetList]) -> Coalesce:
    """Return the names of those of ``lists`` that an account is on, by name; an empty text where it is on none."""
    names = (
        ListMembership.objects.current()
        .filter(account=OuterRef("pk"), list__in=[one.pk for one in lists])
        .order_by()
        .values("account")
        .annotate(names=StringAgg("list__name", ", ", order_by="list__name"))
        .values("names")
    )
    return Coalesce(Subquery(names), Value(""), output_field=TextField())
