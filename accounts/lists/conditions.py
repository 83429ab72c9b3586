"""“Is in list” as a field of conditions: a choice of lists, of which an account may be in many."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import F, Func, Lookup, OuterRef, Subquery, TextField
from django.db.models.lookups import In

from accounts.conditions.registry import Choice, ConditionField, Moment, Reading, register_field
from accounts.lists.access import IN_LIST, is_id, why_closed
from accounts.lists.models import ListMembership, TargetList
from accounts.lists.querysets import MembershipQuerySet
from people.access import Access
from people.models import Category
from sync.provenance.as_of import end_of

SEPARATOR = ", "


class ListNames(TextField):  # type: ignore[type-arg]  # not generic at run time
    """The lists of an account: shown by their names, compared by their ids."""


class ListsOf(Func):
    """The names of an account's shared lists now or at the end of a day, null where it is on none.

    Compared with ids, it asks the members of these lists once instead of the lists of each account.
    """

    output_field = ListNames()
    # No column could be compared with ids of lists.
    is_asked_by_key = True

    def __init__(
        self, *expressions: Any, memberships: MembershipQuerySet | None = None, **extra: Any
    ) -> None:
        self.memberships = ListMembership.objects.none() if memberships is None else memberships
        super().__init__(*expressions, **extra)

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> tuple[str, Any]:
        """Return the names; the account's key stands beside them only for comparisons."""
        return compiler.compile(self.get_source_expressions()[1])  # type: ignore[no-any-return]


class _OfLists(Lookup):
    """A comparison by the members of lists."""

    prepare_rhs = False

    def members(self) -> MembershipQuerySet:
        """Return the memberships that the comparison asks about."""
        raise NotImplementedError

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return whether the account is among the members."""
        key = self.lhs.get_source_expressions()[0]
        return compiler.compile(In(key, self.members().order_by().values("account_id").query))  # type: ignore[no-any-return]


@ListNames.register_lookup
class _InOne(_OfLists):
    lookup_name = "exact"

    def members(self) -> MembershipQuerySet:
        held: MembershipQuerySet = self.lhs.memberships
        return held.filter(list_id=int(self.rhs))


@ListNames.register_lookup
class _InSome(_OfLists):
    lookup_name = "in"

    def members(self) -> MembershipQuerySet:
        held: MembershipQuerySet = self.lhs.memberships
        return held.filter(list_id__in=[int(value) for value in self.rhs])


@ListNames.register_lookup
class _InNone(_OfLists):
    lookup_name = "isnull"

    def members(self) -> MembershipQuerySet:
        held: MembershipQuerySet = self.lhs.memberships
        return held

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return whether the account is on no list, or on some."""
        among, params = super().as_sql(compiler, connection)
        return (f"NOT ({among})" if self.rhs else among), params


def _read(moment: Moment) -> Reading:
    every = ListMembership.objects.filter(list__deleted_at=None, list__is_shared=True)
    held = every.current() if moment.as_of is None else every.at(end_of(moment.as_of))
    told = held
    if moment.access is not None:
        shared = TargetList.objects.live().filter(is_shared=True)
        told = held.filter(list__in=[one.pk for one in shared if not why_closed(one, moment.access)])
    names = (
        told.filter(account=OuterRef("pk"))
        .order_by()
        .values("account")
        .annotate(names=StringAgg("list__name", SEPARATOR, order_by="list__name"))
        .values("names")
    )
    return Reading(expression=ListsOf(F("pk"), Subquery(names), memberships=held))


def _choices() -> list[Choice]:
    shared = TargetList.objects.live().filter(is_shared=True)
    return [Choice(str(pk), name) for pk, name in shared.order_by("name", "pk").values_list("pk", "name")]


def _why_closed(access: Access, value: Any) -> str:
    if value is None:  # whether an account is on any list tells of each
        asked = TargetList.objects.live().filter(is_shared=True)
    else:
        values = value if isinstance(value, tuple | list) else (value,)
        asked = TargetList.objects.filter(
            pk__in=[int(one) for one in values if isinstance(one, str) and is_id(one)]
        )
    return next((reason for one in asked if (reason := why_closed(one, access))), "")


register_field(
    ConditionField(
        key=IN_LIST,
        label="Target list",
        kind="choice",
        category=Category.ACCOUNT_PROFILE,
        read=_read,
        choices=_choices,
        help="The shared target lists that the account is on. One on no list is on none of them.",
        is_never_missing=True,
        why_closed=_why_closed,
    )
)
