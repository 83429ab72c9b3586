"""How people see an account, and where judgements contradict each other, as fields of conditions."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Case, F, Func, Lookup, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import NullIf
from django.db.models.lookups import In

from accounts.conditions.registry import Choice, ConditionField, Moment, Reading, register_field
from accounts.models import Account
from metrics.health.disagreement import disagreements, names_of_disagreements, open_to
from metrics.models import AccountSentiment, Sentiment
from people.access import Access
from people.models import Category

SENTIMENT, DISAGREEMENTS = "metrics.sentiment", "metrics.disagreements"


def sentiment_on(day: date) -> Subquery:
    """Return the value of what is in force on a day, null where nobody has said."""
    held = AccountSentiment.objects.in_force(day).filter(account=OuterRef("pk"))
    return Subquery(held.order_by().values("value")[:1])


def _sentiment(moment: Moment) -> Reading:
    held = AccountSentiment.objects.in_force(moment.day).filter(account=OuterRef("pk")).order_by()
    slugs = [When(value=one.value, then=Value(one.slug)) for one in Sentiment]
    named = held.annotate(slug=Case(*slugs, output_field=TextField()))
    return Reading(expression=Subquery(named.values("slug")[:1]))


class _Names(TextField):  # type: ignore[type-arg]  # not generic at run time
    """The disagreements of an account: shown by their labels, compared by their keys."""


class _Disagreements(Func):
    """The labels of an account's disagreements, null where there are none.

    Compared with keys, it asks each disagreement once for its accounts instead of each account for all of them.
    """

    output_field = _Names()
    is_asked_by_key = True

    def __init__(self, *expressions: Any, moment: Any = None, **extra: Any) -> None:
        self.moment = moment
        super().__init__(*expressions, **extra)

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> tuple[str, Any]:
        """Return the labels; the account's key stands beside them only for comparisons."""
        return compiler.compile(self.get_source_expressions()[1])  # type: ignore[no-any-return]


class _Among(Lookup):
    """A comparison by the accounts in which disagreements show."""

    prepare_rhs = False

    def keys(self) -> list[str]:
        """Return the disagreements that the comparison asks about."""
        raise NotImplementedError

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return whether the account is among those in which they show."""
        asked = [disagreements[key] for key in self.keys() if key in disagreements]
        as_of, numbers_on = self.lhs.moment
        found: QuerySet[Any, Any] = Account.objects.none().values("pk")
        if asked:
            each = [Q(pk__in=one.accounts(as_of, numbers_on).order_by().values("pk")) for one in asked]
            joined = each[0]
            for one in each[1:]:
                joined |= one
            found = Account.objects.live().filter(joined).order_by().values("pk")
        key = self.lhs.get_source_expressions()[0]
        return compiler.compile(In(key, found.query))  # type: ignore[no-any-return]


@_Names.register_lookup
class _IsOne(_Among):
    lookup_name = "exact"

    def keys(self) -> list[str]:
        return [str(self.rhs)]


@_Names.register_lookup
class _IsSome(_Among):
    lookup_name = "in"

    def keys(self) -> list[str]:
        return [str(value) for value in self.rhs]


@_Names.register_lookup
class _IsNone(_Among):
    lookup_name = "isnull"

    def keys(self) -> list[str]:
        return [one.key for one in disagreements]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return whether nothing disagrees, or something does."""
        among, params = super().as_sql(compiler, connection)
        return (f"NOT ({among})" if self.rhs else among), params


def _disagreements(moment: Moment) -> Reading:
    from metrics.conditions import day_of_numbers  # which declares these fields

    day = day_of_numbers(moment)
    names = names_of_disagreements(open_to(moment.access), as_of=moment.as_of, numbers_on=day)
    return Reading(expression=_Disagreements(F("pk"), NullIf(names, Value("")), moment=(moment.as_of, day)))


def _why_closed(access: Access, value: Any) -> str:
    """Whether an account has any disagreement tells of each."""
    if value is None:
        asked = list(disagreements)
    else:
        values = value if isinstance(value, tuple | list) else (value,)
        asked = [disagreements[key] for key in values if key in disagreements]
    return next((why for one in asked if (why := one.why_closed(access))), "")


def declare_fields() -> None:
    """Declare the two fields."""
    register_field(
        ConditionField(
            key=SENTIMENT,
            label="Sentiment",
            kind="choice",
            category=Category.ACCOUNT_PROFILE,
            read=_sentiment,
            choices=lambda: [Choice(one.slug, str(one.label)) for one in reversed(Sentiment)],
            help="How somebody who knows the account sees it, while what they said is in force.",
        )
    )
    register_field(
        ConditionField(
            key=DISAGREEMENTS,
            label="Disagreement",
            kind="choice",
            category=Category.ACCOUNT_PROFILE,
            read=_disagreements,
            choices=lambda: [Choice(one.key, one.label) for one in disagreements],
            help="Where judgements of the account contradict each other, such as a green score and late urgent "
            "tickets.",
            is_never_missing=True,
            why_closed=_why_closed,
        )
    )
