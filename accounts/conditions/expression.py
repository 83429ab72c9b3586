"""A condition as data: read, checked and written back, without asking whom it holds for.

``{"all": […]}``, ``{"any": […]}`` and ``{"not": {…}}`` combine leaves such as
``{"field": "finance.arr", "op": "gte", "value": 150000, "stay": 135000}``. ``{"all": []}`` is every account.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from msgspec import UNSET, Struct

from accounts.conditions.custom import find_field, own_fields_once, present_field
from accounts.conditions.operators import OPERATORS, Operator
from accounts.conditions.registry import ConditionField
from accounts.conditions.values import BadValueError, check_value, value_data
from people.access import Access

MAX_DEPTH = 8
MAX_NODES = 100
MAX_BYTES = 32_768

GROUPS = ("all", "any")
LEAF = frozenset({"field", "op", "value", "stay"})
SHAPES = 'Use {"all": […]}, {"any": […]}, {"not": {…}} or {"field": …, "op": …, "value": …}.'


class Leaf(Struct, frozen=True):
    """One comparison. ``stay`` is the threshold that holds for whoever is already in, None where it is the same."""

    field: str
    op: str
    value: Any = None
    stay: Any = None


class AllOf(Struct, frozen=True):
    """Holds where every part holds; without parts, for every account."""

    parts: tuple[Condition, ...]


class AnyOf(Struct, frozen=True):
    """Holds where at least one part holds."""

    parts: tuple[Condition, ...]


class Not(Struct, frozen=True):
    """Holds where its part doesn't."""

    part: Condition


Condition: TypeAlias = AllOf | AnyOf | Not | Leaf
EVERYONE = AllOf(())


class Problem(Struct, frozen=True):
    """What is wrong at one place; ``path`` is its JSON pointer (RFC 6901), empty for the condition as a whole."""

    path: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path or 'condition'}: {self.message} {self.remedy}".strip()


class ConditionError(ValueError):
    """Data that is no condition; ``problems`` name each place."""

    def __init__(self, problems: list[Problem]) -> None:
        # A message quotes what was sent, which may hold half a character that no page could show.
        self.problems = [
            Problem(one.path, one.message.encode(errors="replace").decode(), one.remedy) for one in problems
        ]
        super().__init__(" ".join(str(problem) for problem in self.problems))


class BrokenConditionError(ConditionError):
    """A stored condition that speaks of something that no longer exists: neither true nor false."""


def read_condition(text: str | bytes, *, access: Access | None = None) -> Condition:
    """Return the condition of a JSON text; raises ConditionError."""
    return parse_condition(_decoded(text), access=access)


def read_stored(text: str | bytes) -> Condition:
    """Return the condition of a JSON text as ``stored_condition`` does; raises ConditionError."""
    return stored_condition(_decoded(text))


def _decoded(text: str | bytes) -> Any:
    size = len(text if isinstance(text, bytes) else text.encode(errors="replace"))
    if size > MAX_BYTES:
        raise ConditionError([_too_long(size)])
    try:
        data = json.loads(text, parse_constant=_no_constant)
        # A text may spell out half a character, which nothing could store or show.
        json.dumps(data, ensure_ascii=False).encode()
    except RecursionError:
        raise ConditionError([_too_deep("")]) from None
    except UnicodeError:
        raise ConditionError([Problem("", "The text is not UTF-8.", "Save it as UTF-8.")]) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ConditionError([Problem("", f"This is no JSON: {error.msg} at {where}.", SHAPES)]) from None
    except ValueError:  # more digits than Python reads, or NaN
        raise ConditionError([Problem("", "A number can't be read.", "Use at most 15 digits.")]) from None
    return data


def _no_constant(name: str) -> None:
    raise ValueError(name)


@own_fields_once()
def parse_condition(data: Any, *, access: Access | None = None) -> Condition:
    """Return the condition that decoded JSON stands for; raises ConditionError with every problem found.

    Size and depth are checked first and without recursion. With ``access``, a field that the reader may not see is
    refused too: what it selects would tell its value.
    """
    return _parsed(data, _Parser(access))


@own_fields_once()
def stored_condition(data: Any) -> Condition:
    """Return a condition that was checked when it was stored, even if what it speaks of is gone since.

    ``problems_of`` tells what is gone; asking such a condition raises BrokenConditionError. Raises ConditionError
    only where the data never was a condition.
    """
    return _parsed(data, _Parser(is_stored=True))


def _parsed(data: Any, parser: _Parser) -> Condition:
    outgrown = _outgrown(data)
    if outgrown is not None:
        raise ConditionError([outgrown])
    condition = parser.part(data, "", is_negated=False)
    if parser.problems or condition is None:
        raise ConditionError(parser.problems)
    return condition


def _outgrown(data: Any) -> Problem | None:
    nodes, weight = 0, 0
    waiting: list[tuple[Any, str, int]] = [(data, "", 1)]
    while waiting:
        node, path, depth = waiting.pop()
        nodes += 1
        if nodes > MAX_NODES:
            return _too_many()
        if depth > MAX_DEPTH:
            return _too_deep(path)
        if not isinstance(node, dict):
            continue
        for key in GROUPS:
            parts = node.get(key)
            if isinstance(parts, list):
                if len(parts) > MAX_NODES:
                    return _too_many()
                waiting += [(part, f"{path}/{key}/{place}", depth + 1) for place, part in enumerate(parts)]
        if "not" in node:
            waiting.append((node["not"], f"{path}/not", depth + 1))
        weight += sum(_weight(node.get(key)) for key in LEAF)
        if weight > MAX_BYTES:
            return _too_long(weight)
    return None


def _weight(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    return sum(len(one) if isinstance(one, str) else 8 for one in value) if isinstance(value, list) else 8


def _too_many() -> Problem:
    return Problem(
        "", f"The condition has more than {MAX_NODES} parts.", "Leave some out, or use several conditions."
    )


def _too_deep(path: str) -> Problem:
    return Problem(
        path, f"Groups are nested more than {MAX_DEPTH} levels deep.", "Move the inner groups further out."
    )


def _too_long(size: int) -> Problem:
    return Problem(
        "",
        f"The condition is {size:,} bytes long.",
        f"Use at most {MAX_BYTES:,}: shorter lists, or fewer parts.",
    )


class _Parser:
    """Reads one condition and gathers what is wrong with it."""

    def __init__(self, access: Access | None = None, *, is_stored: bool = False) -> None:
        self.access, self.is_stored = access, is_stored
        self.problems: list[Problem] = []

    def refuse(self, path: str, message: str, remedy: str) -> None:
        """Note what is wrong at one place."""
        self.problems.append(Problem(path, message, remedy))

    def part(self, data: Any, path: str, *, is_negated: bool) -> Condition | None:
        """Return one part, None where it was refused."""
        if not isinstance(data, dict):
            self.refuse(path, "Here should be a condition.", SHAPES)
            return None
        kinds = [key for key in ("all", "any", "not", "field") if key in data]
        if len(kinds) != 1 or any(key not in LEAF for key in data if key != kinds[0]):
            extra = next((key for key in data if key not in LEAF and key not in kinds), None)
            said = "This mixes or lacks the parts."
            if extra is not None:
                said = f"“{str(extra)[:40]}” is no part of a condition."
            self.refuse(path, said, SHAPES)
            return None
        kind = kinds[0]
        if kind == "field":
            return self.leaf(data, path, is_negated=is_negated)
        if len(data) > 1:
            self.refuse(path, f"“{kind}” stands alone.", SHAPES)
            return None
        if kind == "not":
            inner = self.part(data["not"], f"{path}/not", is_negated=not is_negated)
            return None if inner is None else Not(inner)
        return self._group(kind, data[kind], path, is_negated=is_negated)

    def _group(self, kind: str, parts: Any, path: str, *, is_negated: bool) -> Condition | None:
        if not isinstance(parts, list):
            self.refuse(f"{path}/{kind}", f"“{kind}” takes a list of conditions.", SHAPES)
            return None
        if not parts and (path or kind == "any"):
            # An empty group inside would quietly be everyone, or nobody.
            self.refuse(f"{path}/{kind}", "This group is empty.", "Add a condition, or remove the group.")
            return None
        read = [
            self.part(part, f"{path}/{kind}/{place}", is_negated=is_negated)
            for place, part in enumerate(parts)
        ]
        found = tuple(part for part in read if part is not None)
        return AllOf(found) if kind == "all" else AnyOf(found)

    def leaf(self, data: dict[str, Any], path: str, *, is_negated: bool) -> Leaf | None:
        """Return one comparison, None where it was refused; a stored one is kept as it is."""
        before = len(self.problems)
        found = self._leaf(data, path, is_negated=is_negated)
        if len(self.problems) == before or not self.is_stored:
            return found
        del self.problems[before:]
        return Leaf(str(data["field"]), str(data.get("op", "")), data.get("value"), data.get("stay"))

    def _leaf(self, data: dict[str, Any], path: str, *, is_negated: bool) -> Leaf | None:
        key, op = data["field"], data.get("op", UNSET)
        field = self._field(key, data.get("value"), f"{path}/field")
        if field is None:
            return None
        operators = OPERATORS[field.kind]
        if not isinstance(op, str) or op not in operators:
            said = f"{field.label} can't be compared by “{str(op)[:40]}”."
            self.refuse(
                f"{path}/op",
                "The comparison is missing." if op is UNSET else said,
                f"Choose from {', '.join(operators)}.",
            )
            return None
        operator = operators[op]
        value = self._value(field, operator, data.get("value"), f"{path}/value")
        is_asked = value is not None or operator.asks_presence
        closed = field.why_not(self.access, value) if is_asked else ""
        if closed:
            self.refuse(f"{path}/value", closed, "Choose another value.")
            return None
        stay = None
        if data.get("stay") is not None:
            stay = self._stay(field, operator, value, data["stay"], f"{path}/stay", is_negated=is_negated)
        return Leaf(key, op, value, stay)

    def _field(self, key: Any, value: Any, path: str) -> ConditionField | None:
        remedy = "Choose a field from the list of fields, or remove this condition."
        if not isinstance(key, str):
            self.refuse(path, "The field is named by its key, a text.", remedy)
            return None
        found = find_field(key, value)
        if found is None:
            self.refuse(path, f"There is no field “{key[:80]}”.", remedy)
            return None
        if self.access is not None and not found.is_readable(self.access):
            why = self.access.why_not(found.category)
            self.refuse(path, f"{found.label}: {why}", "Choose another field.")
            return None
        return found

    def _value(self, field: ConditionField, operator: Operator, raw: Any, path: str) -> Any:
        try:
            return check_value(field, operator, raw)
        except BadValueError as error:
            self.refuse(path, error.message, error.remedy)
            return None

    def _stay(
        self, field: ConditionField, operator: Operator, value: Any, raw: Any, path: str, *, is_negated: bool
    ) -> Any:
        if operator.eases is None:
            said = f"“{operator.label}” has no threshold that could ease."
            self.refuse(path, said, "Leave the threshold to stay out.")
            return None
        stay = self._value(field, operator, raw, path)
        if stay is None or value is None:
            return None
        # Inside an odd number of “not” a comparison that is harder to meet makes the whole easier.
        easier = operator.is_harder(stay, value) if is_negated else operator.is_easier(stay, value)
        if not easier:
            self.refuse(
                path,
                "The threshold to stay is harder to meet than the one to enter.",
                "Whoever has just come in would fall out again: set it to the value or an easier one.",
            )
            return None
        return None if stay == value else stay


def condition_data(condition: Condition) -> dict[str, Any]:
    """Return the condition as JSON data; ``parse_condition`` gives the same condition back."""
    if isinstance(condition, AllOf):
        return {"all": [condition_data(part) for part in condition.parts]}
    if isinstance(condition, AnyOf):
        return {"any": [condition_data(part) for part in condition.parts]}
    if isinstance(condition, Not):
        return {"not": condition_data(condition.part)}
    data: dict[str, Any] = {"field": condition.field, "op": condition.op}
    if condition.value is not None:
        data["value"] = value_data(condition.value)
    if condition.stay is not None:
        data["stay"] = value_data(condition.stay)
    return data


def condition_text(condition: Condition) -> str:
    """Return the condition as compact JSON, as it stands in an address."""
    return json.dumps(condition_data(condition), ensure_ascii=False, separators=(",", ":"))


def leaves(condition: Condition, path: str = "") -> Iterator[tuple[str, Leaf]]:
    """Yield every comparison with its path, from left to right."""
    if isinstance(condition, Leaf):
        yield path, condition
    elif isinstance(condition, Not):
        yield from leaves(condition.part, f"{path}/not")
    else:
        key = "all" if isinstance(condition, AllOf) else "any"
        for place, part in enumerate(condition.parts):
            yield from leaves(part, f"{path}/{key}/{place}")


def resolve(leaf: Leaf) -> tuple[ConditionField, Operator]:
    """Return the field and operator of a comparison; raises BrokenConditionError where either is gone."""
    found = find_field(leaf.field, value_data(leaf.value))
    operator = OPERATORS[found.kind].get(leaf.op) if found else None
    if found is None or operator is None:
        raise BrokenConditionError(_leaf_problems("", leaf))
    return (present_field(found) if operator.asks_presence else found), operator


@own_fields_once()
def problems_of(condition: Condition) -> list[Problem]:
    """Return what of a stored condition no longer exists: fields, comparisons and choices."""
    return [problem for path, leaf in leaves(condition) for problem in _leaf_problems(path, leaf)]


def ensure_sound(condition: Condition) -> None:
    """Raise BrokenConditionError where the condition speaks of something that is gone."""
    problems = problems_of(condition)
    if problems:
        raise BrokenConditionError(problems)


def _leaf_problems(path: str, leaf: Leaf) -> list[Problem]:
    parser = _Parser()
    data = condition_data(leaf)
    # Which of two thresholds is the easier one was checked when the condition was read, with its place in mind.
    data.pop("stay", None)
    parser.leaf(data, path, is_negated=False)
    return parser.problems
