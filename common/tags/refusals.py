"""What a form's field says where what was typed can't be taken: which field, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core import validators
from django.core.exceptions import ValidationError
from django.forms import BoundField

# What Django's validators say by themselves; a message of the form's own is left as it is.
CHECKED = {
    "min_value": validators.MinValueValidator.message,
    "max_value": validators.MaxValueValidator.message,
    "min_length": validators.MinLengthValidator.message,
    "max_length": validators.MaxLengthValidator.message,
    "max_digits": validators.DecimalValidator.messages["max_digits"],
    "max_decimal_places": validators.DecimalValidator.messages["max_decimal_places"],
    "max_whole_digits": validators.DecimalValidator.messages["max_whole_digits"],
}


def refusals(bound: BoundField, label: str = "") -> list[str]:
    """Return each error of a field as a sentence that names it and says what to do.

    ``label`` is the field's name on the page, where that isn't the form's. A sentence that the form or a service wrote
    stays as it is; only Django's own are put in other words.
    """
    name = str(label or bound.label or bound.name)
    return [_told(bound.field, name, error) for error in bound.errors.as_data()]


def _told(field: forms.Field, name: str, error: ValidationError) -> str:
    said = " ".join(error.messages)
    code = error.code or ""
    if not _is_djangos(field, code, error):
        return said
    return _worded(field, f"“{name}”", code, error.params or {}) or said


def _is_djangos(field: forms.Field, code: str, error: ValidationError) -> bool:
    usual: dict[str, Any] = {}
    for kind in reversed(type(field).__mro__):
        usual |= getattr(kind, "default_error_messages", {})
    # Several plural forms of one message are one object, so identity tells what equality can't.
    return any(
        error.message is each or error.message == each for each in (usual.get(code), CHECKED.get(code))
    )


def _worded(field: forms.Field, name: str, code: str, params: Mapping[str, Any]) -> str:
    if code == "required":
        return _missing(field, name)
    if code == "invalid":
        return _unreadable(field, name)
    if code in ("invalid_choice", "invalid_pk_value"):
        chosen = params.get("value", params.get("pk"))
        said = f"“{chosen}”" if chosen not in (None, "") else "What was chosen"
        return f"{said} isn’t on offer for {name}: choose one that is."
    limit = params.get("limit_value", params.get("max"))
    return {
        "min_value": f"{name} can’t be below {limit}: enter {limit} or more.",
        "max_value": f"{name} can’t be above {limit}: enter {limit} or less.",
        "min_length": f"{name} is too short: write at least {limit} characters.",
        "max_length": f"{name} has {params.get('show_value')} characters: shorten it to {limit}.",
        "max_digits": f"{name} has too many digits: {limit} are kept at most.",
        "max_decimal_places": f"{name} has too many decimals: round it to {limit}.",
        "max_whole_digits": f"{name} is too large: {limit} digits before the point are kept at most.",
    }.get(code, "")


def _missing(field: forms.Field, name: str) -> str:
    if isinstance(field, forms.BooleanField):
        return f"Tick {name} to go on."
    if isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField):
        return f"Choose at least one for {name}."
    if isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
        return f"Choose one for {name}."
    if isinstance(field, forms.FileField):
        return f"Choose a file for {name}."
    if isinstance(field, forms.DateField | forms.DateTimeField):
        return f"Choose a day for {name}."
    if isinstance(field, forms.IntegerField):  # whole or not: decimals are a kind of it
        return f"Enter a number for {name}."
    return f"Fill in {name}."


def _unreadable(field: forms.Field, name: str) -> str:
    if isinstance(field, forms.DateField):
        return f"Enter a day for {name}, such as 2026-11-30."
    if isinstance(field, forms.DecimalField | forms.FloatField):
        return f"Enter a number for {name}, such as 12.50."
    if isinstance(field, forms.IntegerField):
        return f"Enter a whole number for {name}, such as 30."
    return ""
