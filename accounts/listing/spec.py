"""What a list URL asks for: filters, words, columns, order and place, each checked against the reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_
from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse

from accounts.conditions.custom import CUSTOM, own_fields_once
from accounts.conditions.expression import (
    AllOf,
    AnyOf,
    Condition,
    ConditionError,
    parse_condition,
    read_condition,
)
from accounts.conditions.query import matching
from accounts.conditions.words import words
from accounts.lenses.registry import Column, Lens, columns, lens_for, lenses
from accounts.listing.filters import FILTERS, Choice, Filter, filter_named
from accounts.listing.keyset import BadCursorError, Cursor, Order, decode_cursor
from accounts.lists.access import open_lists
from accounts.lists.models import ListMembership, SavedView, TargetList
from accounts.lists.names import LISTS, LISTS_FIELD, names_of_lists
from accounts.lists.opening import FROM, IN_LIST, IN_VIEW, id_of, is_changed, open_view, query_of
from accounts.lists.view_pages import ACCOUNTS
from accounts.models import Account
from accounts.querysets import AccountQuerySet
from people.access import Access
from people.models import User

NAME = "accounts.name"
WHERE = "where"
DEFAULT_SORTS = ("-finance.arr", "accounts.tier", NAME)
LONGEST_QUERY = 100
MOST_VALUES = 50
MOST_WITHIN = 8  # views inside of views, as deep as the groups of a condition
PLACE = ("after", "before")
MISSING = "This view isn’t shared with you, or it has been deleted."
EVERY_MATCH = 2**31


@dataclass(frozen=True, kw_only=True)
class Applied:
    """A filter in force with one of its values, and the condition that it stands for, if any."""

    filter: Filter
    text: str
    value: Any
    words: str
    condition: Condition | None = None


@dataclass
class Listing:
    """A list as one reader asks for it; what was refused stands in ``problems``, in words.

    An order, a lens or columns that were refused are dropped from its addresses as well, so that they ask for what is
    shown. ``is_as_asked`` is false where a filter, or something of a saved view, was refused: then no file is made.

    ``view`` is the saved view that it began with. A view of which something was refused, or that the reader can't
    see, shows nothing rather than more than it means: ``closed`` says why. ``within`` are the views that this list
    stands inside of, innermost last.
    """

    params: QueryDict
    user: User
    access: Access
    problems: list[str] = field(default_factory=list)
    within: tuple[int, ...] = ()

    @own_fields_once()
    def __post_init__(self) -> None:
        self.params = self.params.copy()
        self._clean()
        self.view, is_missing = open_view(self.params, self.user)
        self.closed = MISSING if is_missing else ""
        self.lens: Lens = self._lens()
        self.columns: list[Column] = self._columns()
        self.order: Order = self._order()
        self.query = self._query()
        before = len(self.problems)
        self.applied: list[Applied] = self._applied()
        self.where: Condition | None = self._where()
        if (self.view or self.within) and len(self.problems) > before:
            self.closed = " ".join(self.problems[before:])
            del self.problems[before:]
        self.is_as_asked = not self.closed and len(self.problems) == (0 if self.view else before)
        self.after, self.before = self._place("after"), self._place("before")

    def _clean(self) -> None:
        for key, values in list(self.params.lists()):
            if any("\x00" in text or not _is_text(text) for text in (key, *values)):
                del self.params[key]
                self.problems.append("A parameter with unreadable characters was left out.")
            else:
                self.params.setlist(key, values[:MOST_VALUES])

    def _drop(self, name: str, *rest: str) -> None:
        """Leave what was refused out of the list's own addresses; a saved view brings it along again."""
        if self.view:
            return
        self.params.pop(name, None)
        if rest:
            self.params.setlist(name, list(rest))

    def _lens(self) -> Lens:
        asked = self.params.get("lens", "")
        if asked and asked not in lenses:
            self.problems.append(f"There is no lens called “{asked[:40]}”; yours is shown.")
            self._drop("lens")
        return lens_for(asked, self.user.function)

    def _columns(self) -> list[Column]:
        asked = [key for text in self.params.getlist("columns") for key in text.split(",") if key]
        unknown = [key for key in asked if key not in columns]
        if unknown:
            self.problems.append(f"There is no column called “{unknown[0][:40]}”; it was left out.")
            self._drop("columns", *(key for key in asked if key in columns))
        keys = [key for key in dict.fromkeys(asked) if key in columns] or list(self.lens.columns)
        return [columns[key] for key in (NAME, *(key for key in keys if key != NAME))]

    def _order(self) -> Order:
        asked = self.params.get("sort", "")
        key = asked.removeprefix("-")
        if asked and key not in columns:
            self.problems.append(f"There is no column called “{key[:40]}” to sort by.")
        elif asked:
            column = columns[key]
            if column.is_readable(self.access):
                return Order(column, asked.startswith("-"))
            self.problems.append(
                f"Sorting by {column.label} was refused: {self.access.why_not(str(column.category))}"
            )
        self._drop("sort")
        for sort in (self.lens.sort, *DEFAULT_SORTS):
            column_or_none = columns.get(sort.removeprefix("-"))
            if column_or_none is not None and column_or_none.is_readable(self.access):
                return Order(column_or_none, sort.startswith("-"))
        return Order(columns[NAME], descending=False)

    def _query(self) -> str:
        text = " ".join(self.params.get("q", "").split())
        if len(text) > LONGEST_QUERY:
            self.problems.append(f"Only the first {LONGEST_QUERY} letters of the search were used.")
        return text[:LONGEST_QUERY].strip()

    def _applied(self) -> list[Applied]:
        found: list[Applied] = []
        for key in self.params:
            item = filter_named(key)
            texts = [text.strip() for text in self.params.getlist(key) if text.strip()] if item else []
            if item is None or not texts:
                continue
            if not self.access.allows(item.category, item.level):
                self.problems.append(
                    f"Filtering by {item.label} was refused: {self.access.why_not(str(item.category))}"
                )
                continue
            applied = (self._apply(item, text) for text in (texts if item.many else texts[:1]))
            found.extend(one for one in applied if one is not None)
        return found

    def _where(self) -> Condition | None:
        text = self.params.get(WHERE, "").strip()
        if not text:
            return None
        try:
            return read_condition(text, access=self.access)
        except ConditionError as error:
            self.problems.append(f"The condition was left out: {told(error)}")
            return None

    def _inner(self, text: str) -> Applied | None:
        """Return the accounts of another view as a filter."""
        number = id_of(text)
        view = next((one for one in self.views if one.pk == number), None)
        if view is None:
            self.problems.append(f"In view “{text[:40]}”: {MISSING}")
            return None
        if view.pk in self.within:
            self.problems.append(f"The view “{view.name}” would filter by itself.")
            return None
        if len(self.within) >= MOST_WITHIN:
            self.problems.append(f"Views stand inside of each other more than {MOST_WITHIN} deep.")
            return None
        inner = Listing(
            params=query_of(view), user=self.user, access=self.access, within=(*self.within, view.pk)
        )
        if inner.closed:
            self.problems.append(f"The view “{view.name}” can’t be used: {inner.closed}")
            return None
        found = inner.accounts().order_by().values("pk")
        return Applied(filter=FILTERS[IN_VIEW], text=text, value=found, words=view.name)

    def _apply(self, item: Filter, text: str) -> Applied | None:
        if item.key == IN_VIEW:
            return self._inner(text)
        try:
            value = item.parse(text, self.user)
        except ValueError as error:
            self.problems.append(f"{item.label} “{text[:40]}” was left out: {error}.")
            return None
        words = "mine" if item.key == "owner" and text == "mine" else item.words(value)
        if item.control == "choices":
            labels = {choice.value: choice.label for choice in self.choices[item.key]}
            if value not in labels:
                offered = (
                    f"choose {', '.join(labels)}"
                    if labels and not item.is_own
                    else "there is none that you see"
                )
                self.problems.append(f"{item.label} “{text[:40]}” was left out: {offered}.")
                return None
            words = labels[value]
        if item.key == IN_LIST:
            return Applied(
                filter=item,
                text=text,
                value=ListMembership.objects.current().filter(list_id=int(value)).values("account_id"),
                words=words,
            )
        try:
            condition = None if item.asks is None else parse_condition(item.asks(value), access=self.access)
        except ConditionError as error:
            self.problems.append(f"{item.label} “{text[:40]}” was left out: {told(error)}")
            return None
        return Applied(filter=item, text=text, value=value, words=words, condition=condition)

    def _place(self, name: str) -> Cursor | None:
        text = self.params.get(name, "")
        if not text:
            return None
        try:
            return decode_cursor(text, self.order.column)
        except BadCursorError:
            self.problems.append("The place in the list could not be read, so it starts at the top.")
            return None

    @cached_property
    def choices(self) -> dict[str, Sequence[Choice]]:
        """The values that the filters with choices offer, by the filter's key; two queries, and one for views."""
        found = {
            key: item.choices()
            for key, item in FILTERS.items()
            if item.control == "choices" and not item.is_own
        }
        found[IN_LIST] = [Choice(value=str(one.pk), label=one.name) for one in self.open_lists]
        found[IN_VIEW] = [Choice(value=str(one.pk), label=one.name) for one in self.views]
        return found

    @cached_property
    def views(self) -> list[SavedView]:
        """The saved views that the reader sees, their own first and in their order; one query."""
        return SavedView.objects.shown_to(self.user).of_page(ACCOUNTS).in_order_of(self.user)

    @cached_property
    def open_lists(self) -> list[TargetList]:
        """The target lists that the reader sees into, by name; one query."""
        return open_lists(self.user, self.access)

    @property
    def is_changed(self) -> bool:
        """Whether something else is shown than the view that the list began with."""
        return self.view is not None and is_changed(self.view, self.params)

    @property
    def sort(self) -> str:
        """The order as the URL says it."""
        return f"{'-' if self.order.descending else ''}{self.order.column.key}"

    @property
    def readable(self) -> list[bool]:
        """For each column, whether the reader may see its values."""
        return [column.is_readable(self.access) for column in self.columns]

    def accounts(self) -> AccountQuerySet:
        """Return the accounts that match, without an order."""
        if self.closed:
            return Account.objects.none()
        found = Account.objects.live()
        if self.query:
            # The limit keeps PostgreSQL from walking the list's order past every name that doesn't match.
            named = Account.objects.named_like(self.query).order_by().values("pk")[:EVERY_MATCH]
            found = found.filter(pk__in=named)
        by_filter: dict[str, list[Applied]] = {}
        for applied in self.applied:
            by_filter.setdefault(applied.filter.key, []).append(applied)
        asked = [self.where] if self.where is not None else []
        for several in by_filter.values():
            conditions = tuple(one.condition for one in several if one.condition is not None)
            if conditions:
                asked.append(conditions[0] if len(conditions) == 1 else AnyOf(conditions))
            elif several[0].filter.is_own:
                found = found.filter(reduce(or_, [Q(pk__in=one.value) for one in several]))
            else:
                found = found.filter(pk__in=[one.value for one in several])
        if LISTS in (self.order.column.key, *(column.key for column in self.columns)):
            found = found.annotate(**{LISTS_FIELD: names_of_lists(self.open_lists)})
        for column in {one.key: one for one in (self.order.column, *self.columns)}.values():
            if column.annotation is not None and column.is_readable(self.access):
                found = found.annotate(**{column.field: column.annotation(self.access)})
        return matching(AllOf(tuple(asked)), accounts=found) if asked else found

    def url(self, **changes: str | None) -> str:
        """Return the query string with some parameters changed, or dropped where None; starts at the top."""
        params = self.params.copy()
        for name in PLACE:
            params.pop(name, None)
        for name, value in changes.items():
            if value is None:
                params.pop(name, None)
            else:
                params[name] = value
        return f"?{params.urlencode(safe=',')}"

    def chips(self) -> list[dict[str, str]]:
        """Return the filters in force with the address that drops each."""
        found = []
        if self.query:
            found.append({"label": "Name", "value": self.query, "remove_url": self.url(q=None)})
        if self.where is not None:
            found.append(
                {
                    "label": "Condition",
                    "value": words(self.where),
                    "url": f"{reverse('accounts:where')}{self.url()}",
                    "remove_url": self.url(where=None),
                }
            )
        for applied in self.applied:
            params = self.params.copy()
            for name in PLACE:
                params.pop(name, None)
            kept = [text for text in params.getlist(applied.filter.key) if text.strip() != applied.text]
            params.setlist(applied.filter.key, kept)
            found.append(
                {
                    "label": applied.filter.label,
                    "value": applied.words,
                    "remove_url": f"?{params.urlencode(safe=',')}",
                }
            )
        return found

    def default_columns_url(self) -> str:
        """Return the address with the lens's own columns."""
        return self.url(columns=None)

    def clear_url(self) -> str:
        """Return the address without any filter, keeping lens, columns and order."""
        kept = {
            key: self.params.getlist(key) for key in ("lens", "columns", "sort", FROM) if key in self.params
        }
        params = QueryDict(mutable=True)
        for key, values in kept.items():
            params.setlist(key, values)
        return f"?{params.urlencode(safe=',')}"

    def hidden_params(self, *dropped: str) -> list[tuple[str, str]]:
        """Return the parameters a form must carry along, without those it sets itself and the place."""
        return [
            (key, text)
            for key, values in self.params.lists()
            for text in values
            if key not in dropped and key not in PLACE and text
        ]

    @property
    def custom_names(self) -> list[str]:
        """The custom fields filtered by."""
        return [a.filter.key.removeprefix(CUSTOM) for a in self.applied if a.filter.key.startswith(CUSTOM)]


def told(error: ConditionError) -> str:
    """Return what is wrong with a condition, in a few sentences."""
    return " ".join(f"{one.message} {one.remedy}" for one in error.problems[:3])


def _is_text(text: str) -> bool:
    """Return whether the text can be stored; a lone surrogate can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
