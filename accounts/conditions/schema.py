"""The JSON schema of conditions, made from the declared fields."""

from __future__ import annotations

from typing import Any

from accounts.conditions.custom import CUSTOM, LONGEST_NAME
from accounts.conditions.expression import MAX_NODES
from accounts.conditions.operators import OPERATORS, Operator
from accounts.conditions.registry import NUMERIC, ConditionField, Kind
from accounts.conditions.values import LARGEST, LONGEST_TEXT, MOST_DAYS, MOST_VALUES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NUMBER = {"type": "number", "minimum": -float(LARGEST), "maximum": float(LARGEST)}
TEXT = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
OWN_KINDS: tuple[Kind, ...] = ("text", "number", "boolean")
MOST_NAMED = 40  # a longer vocabulary, such as the countries, is left to the reader of the condition


def condition_schema(fields: list[ConditionField]) -> dict[str, Any]:
    """Return the schema (draft 2020-12) of conditions over ``fields`` and own fields.

    Whether a threshold to stay is the easier one, and how deep groups may nest, only ``parse_condition`` can say.
    """
    kinds: dict[tuple[Kind, tuple[str, ...]], list[str]] = {}
    for field in fields:
        if not field.key.startswith(CUSTOM):
            kinds.setdefault((field.kind, _words(field)), []).append(field.key)
    named = [_leaf({"enum": keys}, kind, list(words)) for (kind, words), keys in kinds.items()]
    own = {"type": "string", "pattern": rf"^{CUSTOM.replace('.', '[.]')}.{{1,{LONGEST_NAME}}}$"}
    parts = {"type": "array", "items": {"$ref": "#/$defs/condition"}, "maxItems": MAX_NODES}
    return {
        "$schema": DIALECT,
        "title": "Condition over accounts",
        "$ref": "#/$defs/condition",
        "$defs": {
            "condition": {
                "oneOf": [
                    _closed({"all": parts}, ["all"]),
                    _closed({"any": {**parts, "minItems": 1}}, ["any"]),
                    _closed({"not": {"$ref": "#/$defs/condition"}}, ["not"]),
                    {"$ref": "#/$defs/comparison"},
                ]
            },
            "comparison": {"anyOf": [*named, *(_leaf(own, kind, []) for kind in OWN_KINDS)]},
        },
    }


def _words(field: ConditionField) -> tuple[str, ...]:
    values = [choice.value for choice in field.choices()] if field.kind == "choice" else []
    return tuple(values) if len(values) <= MOST_NAMED else ()


def _leaf(key: dict[str, Any], kind: Kind, words: list[str]) -> dict[str, Any]:
    one = {"enum": words} if words else _value(kind)
    variants = [_comparison(key, operator, _shape(operator, one)) for operator in OPERATORS[kind].values()]
    return {"oneOf": variants}


def _comparison(key: dict[str, Any], operator: Operator, value: dict[str, Any] | None) -> dict[str, Any]:
    properties: dict[str, Any] = {"field": key, "op": {"const": operator.key}}
    required = ["field", "op"]
    if value is not None:
        properties["value"] = value
        required.append("value")
        if operator.eases:
            properties["stay"] = value
    return _closed(properties, required)


def _shape(operator: Operator, one: dict[str, Any]) -> dict[str, Any] | None:
    if operator.shape == "none":
        return None
    if operator.shape == "many":
        return {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_VALUES}
    if operator.shape == "pair":
        return {"type": "array", "items": one, "minItems": 2, "maxItems": 2}
    if operator.shape == "days":
        return {"type": "integer", "minimum": 0, "maximum": MOST_DAYS}
    return one


def _value(kind: Kind) -> dict[str, Any]:
    if kind in NUMERIC:
        return NUMBER
    if kind == "boolean":
        return {"type": "boolean"}
    return {"type": "string", "format": "date"} if kind == "date" else TEXT


def _closed(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
