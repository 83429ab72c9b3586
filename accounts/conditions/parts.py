"""The parts of a condition as a form holds them: what was typed, whole or not, and back into JSON data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from django.http import QueryDict

from accounts.conditions.custom import CUSTOM, find_field, present_field
from accounts.conditions.operators import OPERATORS, Operator
from accounts.conditions.registry import NUMERIC, ConditionField

ROOT = 0
LARGEST_ID = 99_999
MOST_POSTED = 400
MATCHES = {
    "all": "all of these hold",
    "any": "at least one of these holds",
    "none": "none of these holds",
    "notall": "not all of these hold",
}
_GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
# Stands behind the key of an own field that holds values of several types.
KIND_MARK = "|"


@dataclass(kw_only=True)
class Part:
    """A group or a comparison as typed. ``path`` is its place in the JSON data made last."""

    id: int
    is_group: bool
    depth: int = 1
    match: str = "all"
    parts: list[Part] = field(default_factory=list)
    key: str = ""
    op: str = ""
    values: list[str] = field(default_factory=list)
    to: str = ""
    stay: str = ""
    stay_to: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    path: str = ""

    def every(self) -> Iterator[Part]:
        """Yield this part and all inside it, in the order of the page."""
        yield self
        for part in self.parts:
            yield from part.every()

    @cached_property
    def chosen(self) -> ConditionField | None:
        """The field that was chosen; a part is made anew for another one."""
        key, _, kind = self.key.partition(KIND_MARK) if self.key.startswith(CUSTOM) else (self.key, "", "")
        sample: Any = {"number": 1, "boolean": True, "text": ""}.get(kind)
        return find_field(key, sample) if key else None

    @cached_property
    def operator(self) -> Operator | None:
        """The comparison that was chosen, the kind's first where it doesn't go with the field."""
        if self.chosen is None:
            return None
        operators = OPERATORS[self.chosen.kind]
        return operators.get(self.op) or next(iter(operators.values()))

    def data(self, path: str) -> dict[str, Any]:
        """Return the JSON data that was typed, good or bad, and remember the places."""
        self.path = path
        if not self.is_group:
            return self._leaf()
        inner = "all" if self.match in ("all", "notall") else "any"
        if self.match in ("none", "notall"):
            if len(self.parts) == 1:
                return {"not": self.parts[0].data(f"{path}/not")}
            return {"not": {inner: self._inner(f"{path}/not/{inner}")}}
        return {inner: self._inner(f"{path}/{inner}")}

    def _inner(self, path: str) -> list[dict[str, Any]]:
        return [part.data(f"{path}/{place}") for place, part in enumerate(self.parts)]

    def _leaf(self) -> dict[str, Any]:
        chosen, operator = self.chosen, self.operator
        key = self.key.partition(KIND_MARK)[0] if self.key.startswith(CUSTOM) else self.key
        if chosen is None or operator is None:
            return {"field": key, "op": self.op}
        data: dict[str, Any] = {"field": key, "op": operator.key}
        value = typed(chosen, operator, self.values, self.to)
        if value is not None:
            data["value"] = value
        stay = typed(chosen, operator, [self.stay], self.stay_to) if operator.eases else None
        if stay is not None:
            data["stay"] = stay
        return data


def typed(chosen: ConditionField, operator: Operator, texts: Sequence[str], to: str) -> Any:
    """Return typed text as JSON has it; what can't be read stays the text, for a message that quotes it."""
    given = [text for text in texts if text.strip()]
    if operator.shape == "none":
        return None
    if operator.shape == "pair":
        ends = [*texts[:1], to]
        return [_read(chosen, one) for one in ends] if any(one.strip() for one in ends) else None
    if operator.shape == "many":
        lines = given if chosen.kind == "choice" else [one for text in given for one in text.splitlines()]
        return [one.strip() for one in lines if one.strip()] or None
    if not given:
        return None
    return _number(given[0]) if operator.shape == "days" else _read(chosen, given[0])


def _read(chosen: ConditionField, text: str) -> Any:
    text = text.strip()
    if chosen.kind in NUMERIC:
        number = _number(text.removesuffix("%").strip() if chosen.kind == "ratio" else text)
        return number / 100 if chosen.kind == "ratio" and isinstance(number, Decimal) else number
    if chosen.kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return text


def _number(text: str) -> Any:
    plain = text.strip().replace("\u2212", "-").replace("\u00a0", " ")
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    if not plain.isascii() or "_" in plain or len(plain) > 40:
        return text
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text


def from_post(data: QueryDict, prefix: str) -> Part:
    """Return what a form posted; what isn't the form's own work is passed over."""
    root = Part(id=ROOT, is_group=True, match=_match(data.get(f"{prefix}-{ROOT}-match")))
    groups = {ROOT: root}
    seen = {ROOT}
    for text in data.getlist(f"{prefix}-node")[:MOST_POSTED]:
        pieces = text.split(":")
        if len(pieces) != 3 or not all(piece.isascii() and piece.isdecimal() for piece in pieces[:2]):
            continue
        number, parent = int(pieces[0][:6]), groups.get(int(pieces[1][:6]))
        if parent is None or number in seen or number > LARGEST_ID or parent.depth > MOST_POSTED // 10:
            continue
        seen.add(number)
        part = _posted(data, f"{prefix}-{number}", number, parent.depth + 1, is_group=pieces[2] == "group")
        parent.parts.append(part)
        if part.is_group:
            groups[number] = part
    return root


def _posted(data: QueryDict, name: str, number: int, depth: int, *, is_group: bool) -> Part:
    if is_group:
        return Part(id=number, is_group=True, depth=depth, match=_match(data.get(f"{name}-match")))
    return Part(
        id=number,
        is_group=False,
        depth=depth,
        key=data.get(f"{name}-field") or "",
        op=data.get(f"{name}-op") or "",
        values=data.getlist(f"{name}-value"),
        to=data.get(f"{name}-to") or "",
        stay=data.get(f"{name}-stay") or "",
        stay_to=data.get(f"{name}-stay_to") or "",
    )


def _match(text: str | None) -> str:
    return text if text in MATCHES else "all"


def from_data(data: Mapping[str, Any]) -> Part:
    """Return JSON data as a form shows it, also where what it speaks of is gone; a lone comparison gets a group."""
    numbers = iter(range(1, LARGEST_ID))
    if "field" in data:
        data = {"all": [data]}
    return _group(data, ROOT, 1, numbers)


def _group(data: Mapping[str, Any], number: int, depth: int, numbers: Iterator[int]) -> Part:
    is_turned = "not" in data
    inner = data["not"] if is_turned else data
    if is_turned and ("field" in inner or "not" in inner):
        inner = {"any": [inner]}
    key = "all" if "all" in inner else "any"
    match = ("notall" if key == "all" else "none") if is_turned else key
    group = Part(id=number, is_group=True, depth=depth, match=match)
    for part in inner[key]:
        is_leaf = "field" in part
        own = next(numbers)
        group.parts.append(
            _comparison(part, own, depth + 1) if is_leaf else _group(part, own, depth + 1, numbers)
        )
    return group


def _comparison(data: Mapping[str, Any], number: int, depth: int) -> Part:
    key, value, stay = str(data["field"]), data.get("value"), data.get("stay")
    found = find_field(key, value)
    part = Part(id=number, is_group=False, depth=depth, key=key, op=str(data.get("op", "")))
    if found is None:
        return part
    operator = OPERATORS[found.kind].get(part.op)
    if operator is not None and operator.asks_presence:
        found = present_field(found)
    if key.startswith(CUSTOM):
        part.key = f"{key}{KIND_MARK}{found.kind}"
    if operator is not None and operator.shape == "pair" and isinstance(value, list) and len(value) == 2:
        part.values, part.to = [shown(found, value[0])], shown(found, value[1])
        if isinstance(stay, list) and len(stay) == 2:
            part.stay, part.stay_to = shown(found, stay[0]), shown(found, stay[1])
        return part
    many = value if isinstance(value, list) else [] if value is None else [value]
    unit = None if operator is not None and operator.shape == "days" else found
    part.values = [shown(unit, one) for one in many]
    part.stay = "" if stay is None else shown(unit, stay)
    return part


def shown(chosen: ConditionField | None, value: Any) -> str:
    """Return a value of JSON as a control shows it: ratios as per cent."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        number = Decimal(str(value)) * (100 if chosen is not None and chosen.kind == "ratio" else 1)
        return f"{number.normalize():f}"
    return str(value)
