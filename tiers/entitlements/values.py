"""The types of value that an entitlement can have: checked, said in words, and edited in a form."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

HOUR, DAY = 60, 24 * 60
LONGEST_MINUTES = 90 * DAY
LONGEST_TERMS = 365
UNITS = {"m": 1, "min": 1, "minute": 1, "minutes": 1, "h": HOUR, "hour": HOUR, "hours": HOUR}
UNITS |= {"d": DAY, "day": DAY, "days": DAY}
SPAN = re.compile(r"\s*(\d{1,9})\s*([a-z]+)", re.ASCII | re.IGNORECASE)
WHAT_A_SPAN_IS = "Write a span of time such as 30 min, 2 h or 3 days."

Fields = dict[str, forms.Field]


class ValueType(ABC):
    """How the values of one kind of entitlement look: as stored (plain JSON), in words, and in a form.

    A form has one field for each part of the value; the part of an undivided value is named ``""``.
    """

    @abstractmethod
    def check(self, value: Any) -> Any:
        """Return the value as it is stored. Raises ValidationError by part, with what to do instead."""

    @abstractmethod
    def words(self, value: Any) -> str:
        """Return a stored value in words with its unit."""

    @abstractmethod
    def fields(self) -> Fields:
        """Return the form fields by part."""

    @abstractmethod
    def shown(self, value: Any) -> Mapping[str, Any]:
        """Return what the fields show for a stored value, by part."""

    @abstractmethod
    def typed(self, parts: Mapping[str, Any]) -> Any:
        """Return the value that cleaned fields spell, still to be checked."""


class Minutes(ValueType):
    """A span of time: stored as whole minutes, up to 90 days."""

    def check(self, value: Any) -> int:
        if isinstance(value, str):
            value = parse_minutes(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValidationError({"": WHAT_A_SPAN_IS})
        if not 1 <= value <= LONGEST_MINUTES:
            raise ValidationError({"": f"Choose from 1 min to {minutes_in_words(LONGEST_MINUTES)}."})
        return value

    def words(self, value: Any) -> str:
        return minutes_in_words(value)

    def fields(self) -> Fields:
        return {"": forms.CharField(max_length=40, help_text="Such as 30 min, 2 h or 3 days.")}

    def shown(self, value: Any) -> Mapping[str, Any]:
        return {"": self.words(value)}

    def typed(self, parts: Mapping[str, Any]) -> Any:
        return parts[""]


@dataclass(frozen=True)
class Choice(ValueType):
    """One word of a fixed list: stored as its key."""

    choices: Mapping[str, str]

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise ValidationError({"": f"Choose one of: {_listed(self.choices.values())}."})
        return value

    def words(self, value: Any) -> str:
        return self.choices.get(value, str(value))

    def fields(self) -> Fields:
        return {"": forms.ChoiceField(choices=list(self.choices.items()))}

    def shown(self, value: Any) -> Mapping[str, Any]:
        return {"": value}

    def typed(self, parts: Mapping[str, Any]) -> Any:
        return parts[""]


@dataclass(frozen=True)
class Several(ValueType):
    """One or more words of a fixed list: stored as their keys in the order of the list."""

    choices: Mapping[str, str]

    def check(self, value: Any) -> list[str]:
        return self._known(value, is_required=True)

    def _known(self, value: Any, *, is_required: bool) -> list[str]:
        given = value if isinstance(value, list | tuple) else None
        if given is None or any(not isinstance(item, str) or item not in self.choices for item in given):
            raise ValidationError({"": f"Choose from: {_listed(self.choices.values())}."})
        if is_required and not given:
            raise ValidationError({"": "Choose at least one."})
        return [item for item in self.choices if item in given]

    def words(self, value: Any) -> str:
        return ", ".join(self.choices.get(item, str(item)) for item in value)

    def fields(self) -> Fields:
        # Not required by the field, so that the message is the type's own.
        return {
            "": forms.MultipleChoiceField(
                choices=list(self.choices.items()), widget=forms.CheckboxSelectMultiple, required=False
            )
        }

    def shown(self, value: Any) -> Mapping[str, Any]:
        return {"": value}

    def typed(self, parts: Mapping[str, Any]) -> Any:
        return parts[""]


class PaymentTerms(Several):
    """Days to pay, from the usual to the longest, and what else may be agreed.

    Stored as ``{"days_from": 30, "days_to": 60, "options": ["milestone"]}``.
    """

    def check(self, value: Any) -> Any:
        if not isinstance(value, Mapping) or set(value) != {"days_from", "days_to", "options"}:
            raise ValidationError({"days_from": "Payment terms are days_from, days_to and options."})
        problems: dict[str, str] = {}
        for part in ("days_from", "days_to"):
            days = value[part]
            is_whole = isinstance(days, int) and not isinstance(days, bool)
            if not is_whole or not 0 <= days <= LONGEST_TERMS:
                problems[part] = f"Choose from 0 to {LONGEST_TERMS} days."
        if not problems and value["days_from"] > value["days_to"]:
            problems["days_to"] = f"Choose {value['days_from']} days or more: it can't end before it begins."
        try:
            options = self._known(value["options"], is_required=False)
        except ValidationError as error:
            raise ValidationError({**problems, "options": error.message_dict[""]}) from error
        if problems:
            raise ValidationError(problems)
        return {"days_from": value["days_from"], "days_to": value["days_to"], "options": options}

    def words(self, value: Any) -> str:
        first, last = value["days_from"], value["days_to"]
        span = f"net {first} to {last} days" if first != last else f"net {first} days"
        options = super().words(value["options"])
        return ", ".join([span if last else "due on receipt", *([options] if options else [])])

    def fields(self) -> Fields:
        return {
            "days_from": forms.IntegerField(label="Days, usual", min_value=0, max_value=LONGEST_TERMS),
            "days_to": forms.IntegerField(label="Days, at most", min_value=0, max_value=LONGEST_TERMS),
            "options": forms.MultipleChoiceField(
                label="May be agreed too",
                choices=list(self.choices.items()),
                widget=forms.CheckboxSelectMultiple,
                required=False,
            ),
        }

    def shown(self, value: Any) -> Mapping[str, Any]:
        return dict(value)

    def typed(self, parts: Mapping[str, Any]) -> Any:
        return dict(parts)


def minutes_in_words(minutes: int) -> str:
    """Return a span such as ``30 min``, ``2 h``, ``1 h 30 min`` or, from two whole days on, ``3 days``."""
    if minutes >= 2 * DAY and minutes % DAY == 0:
        return f"{minutes // DAY} days"
    hours, rest = divmod(minutes, HOUR)
    return " ".join([*([f"{hours} h"] if hours else []), *([f"{rest} min"] if rest or not hours else [])])


def parse_minutes(text: str) -> int:
    """Return the minutes of a span such as ``1 h 30 min``. Raises ValidationError for anything else."""
    place, minutes = 0, 0
    text = text.strip()
    while place < len(text):
        found = SPAN.match(text, place)
        if found is None or found[2].lower() not in UNITS:
            raise ValidationError({"": WHAT_A_SPAN_IS})
        minutes += int(found[1]) * UNITS[found[2].lower()]
        place = found.end()
    if not minutes:
        raise ValidationError({"": WHAT_A_SPAN_IS})
    return minutes


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(labels)
