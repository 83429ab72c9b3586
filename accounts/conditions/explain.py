"""Why a condition holds for an account, or doesn't: read by the very query that decides it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, Case, F, QuerySet, Value, When
from msgspec import Struct, structs

from accounts.conditions.custom import own_fields_once
from accounts.conditions.expression import AllOf, Condition, Leaf, Not, leaves, resolve
from accounts.conditions.operators import Operator, gap_of
from accounts.conditions.query import alias_of, leaf_meaning, threshold, used_fields, with_fields
from accounts.conditions.registry import ConditionField, Moment
from accounts.conditions.values import actual_words, value_words
from accounts.models import Account
from accounts.querysets import AccountQuerySet
from common.formatting import format_number
from people.access import Access

ANSWERS = {True: "yes", False: "no", None: "not shown"}
GROUPS = {"all": "All of these hold", "any": "At least one of these holds", "not": "This doesn't hold"}


class Finding(Struct, kw_only=True, frozen=True):
    """What one part of a condition finds of one account; ``parts`` as the condition nests them.

    ``kind`` is ``all``, ``any``, ``not`` or ``leaf`` and ``path`` the part's JSON pointer. A leaf tells ``label``,
    ``operator``, ``threshold`` and ``actual`` as compared and in words; ``missing`` where there is no value. ``gap``
    is what is missing until the comparison holds, in the field's unit (days for dates), negative for the room left
    before it ceases to; None where nothing is ordered. Where the reader may not see the field, ``redacted`` says why,
    ``actual`` and ``gap`` are None, and ``holds`` is None unless other parts decide. ``notes`` stand on the whole:
    which day's numbers were read.
    """

    kind: str
    path: str
    holds: bool | None
    sentence: str
    parts: tuple[Finding, ...] = ()
    field: str = ""
    label: str = ""
    unit: str = ""
    operator: str = ""
    threshold: Any = None
    threshold_words: str = ""
    is_stay: bool = False
    actual: Any = None
    actual_words: str = ""
    missing: bool = False
    gap: Decimal | None = None
    redacted: str = ""
    notes: tuple[str, ...] = ()

    def leaves(self) -> Iterator[Finding]:
        """Yield the comparisons from left to right."""
        if self.kind == "leaf":
            yield self
        for part in self.parts:
            yield from part.leaves()


@own_fields_once()
def explain(
    condition: Condition,
    accounts: Account | AccountQuerySet | Iterable[int],
    *,
    as_of: date | None = None,
    is_held: bool = False,
    numbers_on: date | None = None,
    access: Access | None = None,
) -> dict[int, Finding]:
    """Return what the condition finds of each account, by id; one query over the accounts.

    As ``query.matching`` with the same arguments, whatever the accounts' state. ``access`` redacts what its reader may
    not see; without it all is told. Raises BrokenConditionError.
    """
    moment = Moment(as_of=as_of, numbers_on=numbers_on, access=access)
    reader = _Reader(condition, moment, is_held=is_held, access=access)
    rows = with_fields(_asked(accounts), [condition], moment=moment)
    return {row["pk"]: reader.finding(row) for row in reader.select(rows)}


def explain_rows(
    condition: Condition, rows: QuerySet[Any, Any], *, moment: Moment, is_held: bool = False
) -> dict[Any, Finding]:
    """Return what the condition finds of rows of any model that carry its fields' aliases, by primary key.

    For values that were kept from another time; the aliases are those of ``query.used_fields``, and ``operators.DAY``.
    Raises BrokenConditionError.
    """
    reader = _Reader(condition, moment, is_held=is_held, access=None)
    return {row["pk"]: reader.finding(row) for row in reader.select(rows)}


def _asked(accounts: Account | AccountQuerySet | Iterable[int]) -> AccountQuerySet:
    if isinstance(accounts, AccountQuerySet):
        return accounts
    ids = [accounts.pk] if isinstance(accounts, Account) else list(accounts)
    return Account.objects.filter(pk__in=ids)


class _Reader:
    """Reads one condition: knows the fields of its leaves, and builds a finding from each row."""

    def __init__(self, condition: Condition, moment: Moment, *, is_held: bool, access: Access | None) -> None:
        self.condition, self.moment, self.is_held, self.access = condition, moment, is_held, access
        self.fields = used_fields([condition])
        self.leaves = {path: (leaf, *resolve(leaf)) for path, leaf in leaves(condition)}
        self.places = {path: f"holds_{number}" for number, path in enumerate(self.leaves)}
        self.aliases = {path: f"value_of_{alias_of(field)}" for path, (_, field, _) in self.leaves.items()}
        self.closed = {
            path: field.why_not(access, leaf.value) for path, (leaf, field, _) in self.leaves.items()
        }
        # Accounts share most of their values, and the words of a choice take a look at all of them.
        self._words: dict[str, str] = {}
        self._said: dict[tuple[str, Any], str] = {}

    def select(self, rows: QuerySet[Any, Any]) -> Iterable[Mapping[str, Any]]:
        """Return the rows with each field's value and each comparison's truth."""
        # What may not be read is not even selected.
        values = {
            f"value_of_{alias}": F(alias)
            for alias, field in self.fields.items()
            if field.is_readable(self.access)
        }
        truths = {
            place: Case(
                When(leaf_meaning(self.leaves[path][0], is_held=self.is_held), then=Value(True)),
                default=Value(False),
                output_field=BooleanField(),
            )
            for path, place in self.places.items()
            if not self.closed[path]
        }
        found: Any = rows.annotate(**values, **truths).values("pk", *values, *truths)
        return found  # type: ignore[no-any-return]

    def finding(self, row: Mapping[str, Any]) -> Finding:
        """Return the finding of one row."""
        found = self._part(self.condition, "", row)
        notes = tuple(self.moment.notes.values())
        return structs.replace(found, notes=notes) if notes else found

    def _part(self, part: Condition, path: str, row: Mapping[str, Any]) -> Finding:
        if isinstance(part, Leaf):
            return self._leaf(path, row)
        if isinstance(part, Not):
            inner = self._part(part.part, f"{path}/not", row)
            holds = None if inner.holds is None else not inner.holds
            return Finding(
                kind="not",
                path=path,
                holds=holds,
                sentence=f"{GROUPS['not']}: {ANSWERS[holds]}",
                parts=(inner,),
            )
        kind = "all" if isinstance(part, AllOf) else "any"
        inners = tuple(self._part(one, f"{path}/{kind}/{place}", row) for place, one in enumerate(part.parts))
        return _group(kind, path, inners)

    def _leaf(self, path: str, row: Mapping[str, Any]) -> Finding:
        leaf, field, operator = self.leaves[path]
        compared = threshold(leaf, is_held=self.is_held)
        words = self._words.get(path)
        if words is None:
            words = self._words[path] = value_words(field, operator, compared)
        told: dict[str, Any] = {
            "kind": "leaf",
            "path": path,
            "field": field.key,
            "label": field.label,
            "unit": field.unit or field.kind,
            "operator": operator.sign,
            "threshold": compared,
            "threshold_words": words,
            "is_stay": self.is_held and leaf.stay is not None,
        }
        if why := self.closed[path]:
            claim = " ".join(text for text in (field.label, operator.sign, words) if text)
            return Finding(holds=None, redacted=why, sentence=f"{claim}: not shown. {why}", **told)
        actual, holds = row[self.aliases[path]], bool(row[self.places[path]])
        is_missing = actual is None
        said = "" if is_missing else self._say(path, field, actual, compared)
        return Finding(
            holds=holds,
            actual=actual,
            actual_words=said,
            missing=is_missing,
            gap=gap_of(operator, actual, compared, self.moment.day),
            sentence=_sentence(
                field, operator, said, f"{words} to stay" if told["is_stay"] else words, holds=holds
            ),
            **told,
        )

    def _say(self, path: str, field: ConditionField, actual: Any, compared: Any) -> str:
        key = path, tuple(actual) if isinstance(actual, list) else actual
        said = self._said.get(key)
        if said is None:
            said = self._said[key] = actual_words(field, actual, *_amounts(compared))
        return said


def _amounts(compared: Any) -> Sequence[Any]:
    return compared if isinstance(compared, tuple) else (compared,)


def _sentence(field: ConditionField, operator: Operator, said: str, words: str, *, holds: bool) -> str:
    answer = ANSWERS[holds]
    if not said:
        asked = f"{operator.sign} {words}".strip()
        return f"{field.label} has no value ({asked}): {answer}"
    if operator.asks_presence:
        return f"{field.label} {operator.sign} ({said}): {answer}"
    if field.kind == "boolean":
        return f"{field.label}: {said}, wanted {words}: {answer}"
    return f"{field.label} {said} {operator.sign} {words}: {answer}"


def _group(kind: str, path: str, parts: tuple[Finding, ...]) -> Finding:
    answers = [part.holds for part in parts]
    decisive = kind == "any"  # the answer of one part that settles the group
    undecided = None if None in answers else not decisive
    holds = decisive if decisive in answers else undecided
    if not parts:
        return Finding(kind=kind, path=path, holds=True, sentence="Every account: yes")
    met = format_number(answers.count(True))
    sentence = f"{GROUPS[kind]}: {ANSWERS[holds]} ({met} of {format_number(len(parts))})"
    return Finding(kind=kind, path=path, holds=holds, sentence=sentence, parts=parts)
