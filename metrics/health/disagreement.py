"""Where judgements of an account contradict each other: declared by apps, asked as conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Case, CharField, Exists, Func, OuterRef, Value, When
from django.db.models.functions import Coalesce

from accounts.conditions.expression import Condition, parse_condition
from accounts.conditions.query import matching, used_fields
from accounts.querysets import AccountQuerySet
from common.registry import Registry
from people.access import Access

SEPARATOR = "; "  # labels hold commas


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """Two judgements that can't both be right; ``condition`` holds where they contradict each other.

    ``label`` names it shortly, as in a column; ``told`` is the sentence of it, ``remedy`` what to do about it. It is
    shown to readers of every field that the condition asks, and to nobody else.
    """

    key: str
    label: str
    told: str
    remedy: str
    condition: Mapping[str, Any]

    @property
    def parsed(self) -> Condition:
        """The condition; raises ConditionError where it speaks of something that is gone."""
        return parse_condition(dict(self.condition))

    def why_closed(self, access: Access | None) -> str:
        """Return why a reader may not know of it, empty where they may."""
        fields = used_fields([self.parsed]).values()
        return next((why for field in fields if (why := field.why_not(access, None))), "")

    def accounts(self, as_of: date | None, numbers_on: date | None) -> AccountQuerySet:
        """Return the accounts in which it shows, now or on a day."""
        return matching(self.parsed, as_of=as_of, numbers_on=numbers_on)


disagreements: Registry[Disagreement] = Registry("disagreement", "disagreements")


def open_to(access: Access | None) -> list[Disagreement]:
    """Return the disagreements that a reader may know of; None reads everything."""
    return [one for one in disagreements if not one.why_closed(access)]


def names_of_disagreements(
    shown: Sequence[Disagreement], *, as_of: date | None = None, numbers_on: date | None = None
) -> Coalesce:
    """Return those of ``shown`` that show in an account, by their labels in one text; empty where none does."""
    names = [
        Case(
            When(
                Exists(one.accounts(as_of, numbers_on).filter(pk=OuterRef("pk")).order_by().values("pk")),
                then=Value(one.label),
            ),
            output_field=CharField(),
        )
        for one in shown
    ]
    text = Func(Value(SEPARATOR), *names, function="concat_ws", output_field=CharField())
    return Coalesce(text if names else Value(""), Value(""))
