"""The editor of conditions: one form that works by keyboard and without scripts, for whatever stores a condition."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import QueryDict

from accounts.conditions.custom import CUSTOM, allowed_fields, custom_kinds, own_fields_once
from accounts.conditions.expression import (
    MAX_DEPTH,
    Condition,
    ConditionError,
    Problem,
    condition_data,
    condition_text,
    parse_condition,
    read_stored,
)
from accounts.conditions.operators import OPERATORS, Operator
from accounts.conditions.parts import KIND_MARK, MATCHES, ROOT, Part, from_data, from_post
from accounts.conditions.registry import NUMERIC, ConditionField
from accounts.lenses.figures import explain_url
from people.access import Access
from people.models import FED, Category

MOST_BOXES = 12  # more choices than this scroll in a box of their own
OWN_FIELDS = "Own fields"
KIND_WORDS = {"number": "number", "boolean": "yes or no", "text": "text"}


@dataclass(frozen=True, kw_only=True)
class Option:
    """One entry of a list to choose from."""

    value: str
    label: str
    is_chosen: bool = False


class PartView:
    """A part with everything that its controls show."""

    def __init__(self, part: Part, form: ConditionForm) -> None:
        self.part, self.form = part, form
        self.name = f"{form.prefix}-{part.id}"
        self.errors = part.errors
        self.is_root = part.id == ROOT

    @property
    def node(self) -> str:
        """What the form posts to say that the part is there."""
        return f"{self.part.id}:{self.form.parent_of(self.part)}:{'group' if self.part.is_group else 'leaf'}"

    @property
    def parts(self) -> list[PartView]:
        """The parts of a group."""
        return [PartView(part, self.form) for part in self.part.parts]

    @property
    def matches(self) -> list[Option]:
        """How a group joins its parts."""
        return [
            Option(value=key, label=label, is_chosen=key == self.part.match) for key, label in MATCHES.items()
        ]

    @property
    def may_nest(self) -> bool:
        """Whether a group may stand inside: one that is turned round takes two levels."""
        return self.part.depth + 3 <= MAX_DEPTH

    @property
    def fields(self) -> list[tuple[str, list[Option]]]:
        """The fields to choose from, by category, with their units."""
        return self.form.field_options(self.part.key)

    @property
    def field(self) -> ConditionField | None:
        """The field that was chosen."""
        return self.part.chosen

    @property
    def how_url(self) -> str:
        """The page that explains the number, empty where there is none."""
        chosen = self.part.chosen
        return explain_url(chosen.explain, None) if chosen is not None else ""

    @property
    def operators(self) -> list[Option]:
        """The comparisons that go with the field."""
        chosen, operator = self.part.chosen, self.part.operator
        if chosen is None or operator is None:
            return []
        return [
            Option(value=one.key, label=one.label, is_chosen=one.key == operator.key)
            for one in OPERATORS[chosen.kind].values()
        ]

    @property
    def control(self) -> str:
        """Which control takes the value."""
        chosen, operator = self.part.chosen, self.part.operator
        return "none" if chosen is None or operator is None else _control(chosen, operator)

    @property
    def is_pair(self) -> bool:
        """Whether there are two values, from and to."""
        operator = self.part.operator
        return operator is not None and operator.shape == "pair"

    @property
    def takes_stay(self) -> bool:
        """Whether a threshold to stay can be given."""
        operator = self.part.operator
        return self.form.has_stay and operator is not None and operator.eases is not None

    @property
    def unit(self) -> str:
        """What stands behind a number."""
        chosen, operator = self.part.chosen, self.part.operator
        if chosen is None or operator is None:
            return ""
        return "days" if operator.shape == "days" else unit_of(chosen)

    @property
    def value(self) -> str:
        """The typed value, the first of several."""
        return self.part.values[0] if self.part.values else ""

    @property
    def lines(self) -> str:
        """The typed values, one a line."""
        return "\n".join(self.part.values)

    @property
    def choices(self) -> list[Option]:
        """The choices of the field, those chosen first where there are many."""
        chosen = self.part.chosen
        if chosen is None:
            return []
        held = set(self.part.values)
        options = [
            Option(value=choice.value, label=choice.label, is_chosen=choice.value in held)
            for choice in chosen.choices()
        ]
        known = {option.value for option in options}
        # A choice that is gone is still shown, so that it can be taken out.
        options += [
            Option(value=text, label=f"{text} (no longer there)", is_chosen=True)
            for text in self.part.values
            if text and text not in known and chosen.kind == "choice"
        ]
        return (
            sorted(options, key=lambda option: not option.is_chosen) if len(options) > MOST_BOXES else options
        )

    @property
    def has_many_choices(self) -> bool:
        """Whether the choices need a box of their own."""
        return len(self.choices) > MOST_BOXES

    @property
    def suggestions(self) -> list[str]:
        """Texts to type ahead."""
        chosen = self.part.chosen
        return list(chosen.suggestions()) if chosen is not None else []

    @property
    def focus(self) -> str:
        """The control of this part that takes the focus, empty for none."""
        number, _, control = self.form.focus.partition("-")
        return control if number == str(self.part.id) else ""


def unit_of(field: ConditionField) -> str:
    """Return what stands behind a field's numbers in a control."""
    if field.kind == "money":
        return str(settings.REPORTING_CURRENCY)
    return {"ratio": "%", "days": "days"}.get(field.kind, field.unit)


def _control(field: ConditionField, operator: Operator) -> str:
    if operator.shape in ("none", "days"):
        return "none" if operator.shape == "none" else "number"
    if field.kind in NUMERIC:
        return "number"
    if field.kind in ("date", "boolean"):
        return field.kind
    if field.kind == "choice":
        return "boxes" if operator.shape == "many" else "select"
    return "lines" if operator.shape == "many" else "text"


class ConditionForm:
    """Edits one condition in any page; ``templates/components/condition_editor.html`` draws it.

    The page's own form holds it and posts to ``url``. A button of the editor comes as ``<prefix>-do``: then ``is_edit``
    is true, the change is made, and the page is shown again with everything typed, to htmx only the editor. Otherwise
    ``is_valid`` checks, and ``condition`` is the result. ``access`` leaves out what the reader may not see,
    ``has_stay`` offers thresholds to stay. What ``initial`` or its JSON ``text`` speaks of may be gone.
    """

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        initial: Condition | None = None,
        text: str = "",
        prefix: str = "where",
        url: str = "",
        access: Access | None = None,
        has_stay: bool = False,
    ) -> None:
        self.prefix, self.url, self.access, self.has_stay = prefix, url, access, has_stay
        self.is_bound = data is not None
        self.focus = ""
        self.problems: list[Problem] = []
        self.condition: Condition | None = None
        self.json_error = ""
        self.json_text = ""
        self._options: dict[str, list[tuple[str, Option]]] = {}
        if data is not None:
            self.root = from_post(data, prefix)
            self.json_text = data.get(f"{prefix}-json", "")
            self._do(data.get(f"{prefix}-do", ""))
            return
        self.is_edit = False
        self.root = _blank()
        if initial is not None:
            self._show(initial)
        elif text:
            self.json_text = text
            self._read_json()
            self.focus = ""

    def is_valid(self) -> bool:
        """Check everything typed; where something is wrong, ``errors`` says what, and its control takes the focus."""
        self._check()
        if self.problems:
            self.focus = self._first_wrong()
        return self.condition is not None

    def refuse_whole(self, message: str) -> None:
        """Let the page add what it finds wrong with the condition as a whole."""
        self.root.errors["group"] = message

    @property
    def errors(self) -> dict[str, str]:
        """What is wrong, by the path in the condition's JSON."""
        return {problem.path: f"{problem.message} {problem.remedy}" for problem in self.problems}

    @property
    def whole_error(self) -> str:
        """What is wrong with the condition as a whole."""
        return self.root.errors.get("group", "")

    @property
    def view(self) -> PartView:
        """The outermost group, as the template draws it."""
        return PartView(self.root, self)

    @property
    def left_out(self) -> str:
        """Why some fields are left out, in one sentence; empty where none are."""
        return "" if self.access is None else self.access.why_none(FED)

    def parent_of(self, part: Part) -> int:
        """Return the id of the group that holds a part."""
        return next((group.id for group in self.root.every() if part in group.parts), ROOT)

    def field_options(self, chosen: str) -> list[tuple[str, list[Option]]]:
        """Return the fields by category; a field that is gone stands alone on top."""
        if not self._options:
            labels = dict(Category.choices)
            mixed = {name for name, kinds in custom_kinds().items() if len(kinds) > 1}
            for field in allowed_fields(self.access):
                is_own = field.key.startswith(CUSTOM)
                group = OWN_FIELDS if is_own else str(labels[field.category])
                unit = unit_of(field)
                label = f"{field.label} ({unit})" if unit else field.label
                if field.key.removeprefix(CUSTOM) in mixed and is_own:
                    label = f"{field.label} (as {KIND_WORDS[field.kind]})"
                value = f"{field.key}{KIND_MARK}{field.kind}" if is_own else field.key
                self._options.setdefault(group, []).append((value, Option(value=value, label=label)))
        grouped = [
            (
                group,
                [
                    Option(value=value, label=option.label, is_chosen=value == chosen)
                    for value, option in sorted(options, key=lambda item: item[1].label.lower())
                ],
            )
            for group, options in self._options.items()
        ]
        if chosen and not any(option.is_chosen for _, options in grouped for option in options):
            name = chosen.partition(KIND_MARK)[0]
            gone = Option(value=chosen, label=f"{name} (not available)", is_chosen=True)
            grouped.insert(0, ("Chosen before", [gone]))
        return grouped

    @own_fields_once()
    def _check(self) -> None:
        for part in self.root.every():
            part.errors.clear()
        data = self.root.data("")
        self.problems = [
            Problem(f"{part.path}/field", "Choose a field.", "Or remove this line.")
            for part in self.root.every()
            if not part.is_group and not part.key
        ]
        try:
            self.condition = parse_condition(data, access=self.access)
        except ConditionError as error:
            self.condition = None
            known = {problem.path for problem in self.problems}
            self.problems += [problem for problem in error.problems if problem.path not in known]
        else:
            self.json_text = condition_text(self.condition)
        for problem in self.problems:
            part, slot = self._place_of(problem.path)
            part.errors.setdefault(slot, f"{problem.message} {problem.remedy}")

    def _place_of(self, path: str) -> tuple[Part, str]:
        head, _, slot = path.rpartition("/")
        leaves = {part.path: part for part in self.root.every() if not part.is_group}
        if slot in ("field", "op", "value", "stay") and head in leaves:
            return leaves[head], slot
        groups = [part for part in self.root.every() if part.is_group and path.startswith(part.path)]
        return max(groups, key=lambda part: len(part.path), default=self.root), "group"

    def _first_wrong(self) -> str:
        for part in self.root.every():
            for slot in ("field", "op", "value", "stay", "group"):
                if slot in part.errors:
                    return f"{part.id}-{'match' if slot == 'group' else slot}"
        return ""

    def _do(self, action: str) -> None:
        self.is_edit = bool(action)
        verb, _, target = action.partition(":")
        if verb == "read":
            self._read_json()
            return
        every = {str(part.id): part for part in self.root.every()}
        part = every.get(target)
        if part is None:
            return
        if verb in ("add", "group") and part.is_group:
            self._add(part, max(int(key) for key in every) + 1, is_group=verb == "group")
        elif verb == "remove" and part is not self.root:
            parent = every[str(self.parent_of(part))]
            parent.parts.remove(part)
            self.focus = f"{parent.id}-add"
        elif verb == "field":
            self.focus = f"{part.id}-op"

    def _add(self, group: Part, number: int, *, is_group: bool) -> None:
        if not is_group:
            group.parts.append(Part(id=number, is_group=False, depth=group.depth + 1))
            self.focus = f"{number}-field"
            return
        inner = Part(id=number, is_group=True, depth=group.depth + 1, match="any")
        inner.parts.append(Part(id=number + 1, is_group=False, depth=group.depth + 2))
        group.parts.append(inner)
        self.focus = f"{number}-match"

    def _read_json(self) -> None:
        try:
            condition = read_stored(self.json_text)
        except ConditionError as error:
            self.json_error = " ".join(str(problem) for problem in error.problems[:5])
            return
        self._show(condition)
        self.focus = self._first_wrong() or f"{ROOT}-match"

    def _show(self, condition: Condition) -> None:
        """Show a condition that may speak of what is gone, or closed to the reader."""
        self.root = from_data(condition_data(condition))
        self.json_text = condition_text(condition)
        self._check()


def _blank() -> Part:
    return Part(id=ROOT, is_group=True, parts=[Part(id=1, is_group=False, depth=2)])
