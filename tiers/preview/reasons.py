"""Why a preview says what it says of an account: the findings of the rules over the values that it read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    DateField,
    DecimalField,
    Field,
    Func,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.fields.json import KT

from accounts.conditions.explain import Finding, explain_rows
from accounts.conditions.expression import BrokenConditionError, Condition, ConditionError, stored_condition
from accounts.conditions.operators import DAY
from accounts.conditions.query import meaning, used_fields
from accounts.conditions.registry import NUMERIC, ConditionField, Moment
from accounts.models import Tier
from common.formatting import format_number
from tiers.content import Content, decode_content
from tiers.models import PreviewRow, PreviewRun
from tiers.preview.judging import SEEN

GONE = "It can no longer be told: a field that the rule reads is gone."
TYPES: Mapping[str, tuple[str, Field[Any, Any]]] = {
    "date": ("(%(expressions)s)::date", DateField()),
    "boolean": ("(%(expressions)s)::boolean", BooleanField()),
    "list": (
        "(SELECT array_agg(one) FROM jsonb_array_elements_text((%(expressions)s)::jsonb) AS one)",
        ArrayField(TextField()),
    ),
    "choice": ("(%(expressions)s)", CharField()),
    "text": ("(%(expressions)s)", CharField()),
}
NUMBER: tuple[str, Field[Any, Any]] = ("(%(expressions)s)::numeric", DecimalField())


@dataclass(frozen=True, slots=True)
class _Asked:
    """One rule asked of some rows: by its place from 0, by which thresholds, and whether it is one that was lost."""

    place: int
    is_held: bool
    is_lost: bool


class Reasons:
    """Tells reasons for rows of one run; a query for each rule that speaks of them."""

    def __init__(self, run: PreviewRun) -> None:
        self.run = run
        self.content: Content = decode_content(
            {key: value for key, value in run.content.items() if key != "parts"}
        )
        self.ranks = {tier.pk: tier.rank for tier in Tier.objects.all()}
        self.by_slug = dict(Tier.objects.values_list("slug", "rank"))

    def of(self, rows: Iterable[PreviewRow]) -> dict[int, str]:
        """Return the reason in words by the row's id."""
        listed = list(rows)
        if self.content.points:
            return self._points(listed)
        asked: dict[_Asked, list[int]] = defaultdict(list)
        for row in listed:
            for one in self._asked(row):
                asked[one].append(row.pk)
        found: dict[int, list[str]] = defaultdict(list)
        for one, ids in sorted(asked.items(), key=lambda pair: (not pair[0].is_lost, pair[0].place)):
            for pk, words in self._said(one, ids).items():
                found[pk].append(words)
        return {row.pk: " ".join(found[row.pk]) or "An override decides, not a rule." for row in listed}

    def _asked(self, row: PreviewRow) -> list[_Asked]:
        """Return the rule that decides and, for a move down, the one that the account no longer meets."""
        if row.place is None:
            return []
        # Under an override another tier counts as held, that of before it: what was asked then isn't kept.
        is_overridden = row.outcome == PreviewRow.Outcome.OVERRIDE
        held = None if is_overridden else self.ranks.get(row.from_tier_id or 0)
        found = []
        if row.direction < 0 and held is not None:
            for place, rule in enumerate(self.content.rules[: row.place - 1]):
                if self.by_slug.get(rule.tier) == held:
                    found.append(_Asked(place, True, True))
                    break
        rank = self.by_slug.get(self.content.rules[row.place - 1].tier, 0)
        return [*found, _Asked(row.place - 1, held is not None and held <= rank, False)]

    def _said(self, one: _Asked, ids: Sequence[int]) -> dict[int, str]:
        rule = self.content.rules[one.place]
        try:
            condition = stored_condition(rule.condition)
            rows = self._rows(ids, [condition])
            findings = explain_rows(condition, rows, moment=self._moment(), is_held=one.is_held)
            unmet = [pk for pk, finding in findings.items() if not finding.holds]
            if unmet and not one.is_lost and not one.is_held:
                staying = self._rows(unmet, [condition])
                findings |= explain_rows(condition, staying, moment=self._moment(), is_held=True)
        except (BrokenConditionError, ConditionError):
            return dict.fromkeys(ids, GONE)
        return {pk: _words(rule.name, finding, is_lost=one.is_lost) for pk, finding in findings.items()}

    def _points(self, rows: Sequence[PreviewRow]) -> dict[int, str]:
        try:
            conditions = [stored_condition(one.condition) for one in self.content.points]
            truths = {
                f"truth_{place}": Case(
                    When(meaning(condition), then=Value(True)),
                    default=Value(False),
                    output_field=BooleanField(),
                )
                for place, condition in enumerate(conditions)
            }
            asked: Any = self._rows([row.pk for row in rows], conditions).annotate(**truths)
            held = {one["pk"]: one for one in asked.values("pk", *truths)}
        except (BrokenConditionError, ConditionError):
            return {row.pk: GONE for row in rows}
        found = {}
        for row in rows:
            parts = [
                f"{one.name} {one.points:+f}"
                for place, one in enumerate(self.content.points)
                if held[row.pk][f"truth_{place}"]
            ]
            total = format_number(row.score or 0)
            found[row.pk] = f"{total} points: {', '.join(parts)}." if parts else f"{total} points."
        return found

    def _moment(self) -> Moment:
        return Moment(as_of=self.run.as_of or self.run.on)

    def _rows(self, ids: Sequence[int], conditions: Sequence[Condition]) -> QuerySet[PreviewRow]:
        kept = {alias: _kept(alias, field) for alias, field in used_fields(conditions).items()}
        rows = PreviewRow.objects.filter(run=self.run, pk__in=ids)
        return rows.alias(**{DAY: Value(self.run.on, DateField())}, **kept)


def _kept(alias: str, field: ConditionField) -> Func:
    template, output = NUMBER if field.kind in NUMERIC else TYPES[field.kind]
    return Func(KT(f"values__{SEEN}{alias}"), template=template, output_field=output)


def _words(name: str, finding: Finding, *, is_lost: bool) -> str:
    leaves = list(finding.leaves())
    if not leaves:
        return f"“{name}”: no rule above it fits." if not is_lost else ""
    telling = [leaf.sentence for leaf in leaves if bool(leaf.holds) is not is_lost] or [
        leaf.sentence for leaf in leaves
    ]
    lead = f"No longer “{name}”" if is_lost else f"“{name}”"
    return f"{lead}: {'; '.join(telling[:4])}."
