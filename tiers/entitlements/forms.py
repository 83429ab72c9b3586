"""The form in which RevOps says what one tier of a draft is entitled to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms

from accounts.models import Tier
from tiers.entitlements.registry import EntitlementKind, ordered_kinds
from tiers.entitlements.services import part_name
from tiers.entitlements.tables import ValueTable


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind in the form: its fields, and what the version in force says."""

    kind: EntitlementKind
    fields: list[forms.BoundField]
    in_force: str
    is_parted: bool


class EntitlementForm(forms.Form):
    """Every kind's value for one tier; the service checks them, so that files and forms say the same."""

    def __init__(self, data: Any, *, table: ValueTable, tier: Tier) -> None:
        super().__init__(data)
        self.table, self.tier = table, tier
        for kind in ordered_kinds():
            shown = kind.value.shown(table.value(kind, tier))
            for part, field in kind.value.fields().items():
                field.label = field.label or kind.label
                field.initial = shown[part]
                self.fields[part_name(kind.key, part)] = field

    def values(self) -> dict[str, Any]:
        """Return the values typed, by kind, still to be checked."""
        return {
            kind.key: kind.value.typed(
                {part: self.cleaned_data[part_name(kind.key, part)] for part in kind.value.fields()}
            )
            for kind in ordered_kinds()
        }

    def add_errors(self, problems: Any) -> None:
        """Put what the service refused beside its fields."""
        if not hasattr(problems, "error_dict"):
            self.add_error(None, problems)
            return
        for name, texts in problems.message_dict.items():
            self.add_error(name if name in self.fields else None, texts)

    def groups(self, in_force: ValueTable) -> Iterator[tuple[str, list[Entry]]]:
        """Yield the fields under the headings of the pages, each kind with what holds now."""
        found: dict[str, list[Entry]] = {}
        for kind in ordered_kinds():
            names = [part_name(kind.key, part) for part in kind.value.fields()]
            entry = Entry(
                kind, [self[name] for name in names], in_force.words(kind, self.tier), len(names) > 1
            )
            found.setdefault(kind.group, []).append(entry)
        yield from found.items()
