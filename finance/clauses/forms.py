"""Forms of the clause library and of deviations. What they may hold is checked by the services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from finance.clauses.library import Standard, Step
from finance.clauses.services.deviations import MOST_DAYS, USUAL_DAYS, Wanted
from finance.clauses.services.library import MOST_STEPS, TextDraft
from finance.clauses.terms import SHAPES, Shape, Terms
from people.functions import Function
from tiers.entitlements.values import Several

OWN = ""
PREFIX = "terms__"


class TermsForm(forms.Form):
    """A form with the fields of a shape's terms, all of which may stay blank."""

    def __init__(self, *args: Any, shape: Shape, terms: Terms | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shape = shape
        for term in shape.terms:
            held = (terms or {}).get(term.key)
            shown = term.value.shown(held) if held is not None else {}
            for part, field in term.value.fields().items():
                field.required = False
                field.label = f"{term.label}, {field.label.lower()}" if part and field.label else term.label
                field.initial = shown.get(part)
                if isinstance(field, forms.ChoiceField) and not isinstance(term.value, Several):
                    field.choices = [("", "Not said"), *term.value.choices.items()]  # type: ignore[attr-defined]
                self.fields[_name(term.key, part)] = field

    @property
    def term_fields(self) -> list[forms.BoundField]:
        """The fields of the terms, in their order."""
        return [self[name] for name in self.fields if name.startswith(PREFIX)]

    def terms(self) -> dict[str, Any]:
        """Return the terms typed, by key, still to be checked; blank ones are blank."""
        return {
            term.key: term.value.typed(
                {part: self.cleaned_data.get(_name(term.key, part), "") for part in term.value.fields()}
            )
            for term in self.shape.terms
        }

    def refuse(self, error: ValidationError, prefix: str = "") -> list[str]:
        """Put what a service refused beside its fields; return the rest."""
        rest: list[str] = []
        if not hasattr(error, "error_dict"):
            return list(error.messages)
        for key, told in error.message_dict.items():
            name = key.removeprefix(prefix)
            name = f"{PREFIX}{name.removeprefix('terms.')}" if name.startswith("terms.") else name
            if name in self.fields:
                self.add_error(name, told)
            elif parts := [one for one in self.fields if one.startswith(f"{name}__")]:
                self.add_error(parts[0], told)
            else:
                rest += told
        return rest


def _name(key: str, part: str) -> str:
    return f"{PREFIX}{key}__{part}" if part else f"{PREFIX}{key}"


class TextForm(TermsForm):
    """One text of a draft."""

    label = forms.CharField(
        label="Name",
        max_length=80,
        help_text="Such as Net 45: people choose by it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    wording = forms.CharField(
        label="Wording",
        help_text="As it should stand in the contract.",
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    tiers = forms.MultipleChoiceField(
        label="Pre-approved for",
        required=False,
        help_text="Accounts of these tiers get it at once, without asking.",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(
        self, *args: Any, text: TextDraft | None, tiers: Mapping[str, str], is_preferred: bool, **kwargs: Any
    ) -> None:
        held = {"label": text.label, "wording": text.wording, "tiers": list(text.tiers)} if text else {}
        super().__init__(*args, initial=held, terms=text.terms if text else None, **kwargs)
        if is_preferred:
            del self.fields["tiers"]
        else:
            # A tier that is gone stays to be seen, and taken off.
            gone = {slug: slug for slug in (text.tiers if text else ()) if slug not in tiers}
            self.fields["tiers"].choices = [*tiers.items(), *gone.items()]  # type: ignore[attr-defined]

    def written(self, key: str) -> TextDraft:
        """Return the text that was typed."""
        return TextDraft(
            key=key,
            label=self.cleaned_data["label"],
            wording=self.cleaned_data["wording"],
            terms=self.terms(),
            tiers=self.cleaned_data.get("tiers", []),
        )


class VersionForm(forms.Form):
    """Whose word a draft asks for beyond its texts, and its note."""

    note = forms.CharField(
        label="Note",
        required=False,
        max_length=2000,
        help_text="What it changes and why, for colleagues.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, steps: Sequence[Step] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        functions = [("", "Nobody further"), *Function.choices]
        for place in range(MOST_STEPS):
            step = steps[place] if place < len(steps) else None
            self.fields[f"function_{place}"] = forms.ChoiceField(
                label=f"Step {place + 1}",
                required=False,
                choices=functions,
                initial=step.function if step else "",
            )
            self.fields[f"hours_{place}"] = forms.IntegerField(
                label="Within hours",
                required=False,
                initial=step.hours if step else None,
                widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
            )

    @property
    def step_fields(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The fields of the steps, in pairs."""
        return [(self[f"function_{place}"], self[f"hours_{place}"]) for place in range(MOST_STEPS)]

    def steps(self) -> list[Step]:
        """Return the steps typed; a line without a function is none."""
        return [
            Step(function=function, hours=self.cleaned_data[f"hours_{place}"] or 0)
            for place in range(MOST_STEPS)
            if (function := self.cleaned_data[f"function_{place}"])
        ]

    def refuse(self, error: ValidationError) -> list[str]:
        """Put what the service refused beside its fields; return the rest."""
        places = [place for place in range(MOST_STEPS) if self.cleaned_data[f"function_{place}"]]
        rest: list[str] = []
        for key, told in error.message_dict.items():
            parts = key.split(".")
            if parts[0] == "steps" and len(parts) == 3:
                self.add_error(f"{parts[2]}_{places[int(parts[1])]}", told)
            else:
                rest += told
        return rest


class FamilyForm(forms.Form):
    """A family of one's own."""

    label = forms.CharField(
        label="Name",
        max_length=80,
        help_text="Such as Source code escrow.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    shape = forms.ChoiceField(
        label="What stands beside the wording",
        choices=[(shape.key, shape.label) for shape in SHAPES.values()],
        help_text="Terms that can be compared: amounts, days, choices. It stays as it is afterwards.",
    )


class DeviationForm(TermsForm):
    """What somebody wants for an account."""

    text = forms.ChoiceField(label="Text", required=False, widget=forms.RadioSelect)
    wording = forms.CharField(
        label="Own wording",
        required=False,
        help_text="What the customer proposes, where it is none of these texts.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    reason = forms.CharField(
        label="Why",
        max_length=2000,
        help_text="Who decides reads it, and whoever opens the register.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    expires_on = forms.DateField(
        label="Open until",
        help_text="It ends on that day unless it has come into a contract.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(
        self, *args: Any, standard: Standard, contracts: Mapping[str, str] | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, shape=standard.shape, **kwargs)
        self.standard = standard
        choices = [(text.key, text.label) for text in standard.texts if not text.is_preferred]
        self.fields["text"].choices = [*choices, (OWN, "Own wording")]  # type: ignore[attr-defined]
        today = timezone.now().date()
        self.fields["expires_on"].initial = today + timedelta(days=USUAL_DAYS)
        self.fields["expires_on"].widget.attrs |= {
            "min": (today + timedelta(days=1)).isoformat(),
            "max": (today + timedelta(days=MOST_DAYS)).isoformat(),
        }
        if contracts is None:
            del self.fields["expires_on"]
        elif contracts:
            self.fields["contract"] = forms.ChoiceField(
                label="Contract",
                required=False,
                choices=[("", "None yet: a new contract"), *contracts.items()],
                help_text="The contract that it should come into, where there is one.",
            )

    def clean(self) -> dict[str, Any]:
        """Ask which text is wanted, where nothing was chosen and nothing written."""
        given = dict(self.cleaned_data)
        if "text" not in self.data and not given.get("wording"):
            self.add_error("text", "Choose one of these, or write what the customer proposes.")
        return given

    def wanted(self) -> Wanted:
        """Return the clause that was asked for; a text of the library counts before a wording."""
        return _wanted(self)


class PaperForm(TermsForm):
    """What the signed paper of a contract says of one family, where it stands, and since when."""

    NOTHING = "-"
    text = forms.ChoiceField(label="Text", required=False, widget=forms.RadioSelect)
    wording = forms.CharField(
        label="Own wording",
        required=False,
        help_text="As it stands in the paper, where it is none of these texts.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    paper = forms.CharField(
        label="Where it stands",
        max_length=500,
        help_text="Such as § 9 of the order form.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    signed_on = forms.DateField(
        label="Signed on",
        help_text="It counts from that day, at the earliest from the contract's first.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    expected = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, standard: Standard, says: Mapping[str, Any] | None, **kwargs: Any) -> None:
        held = standard.text_of(says) if says else None
        # What the text says already stays open, or it would follow into another text that is chosen.
        usual = held.terms if held else {}
        own = {key: value for key, value in says["terms"].items() if usual.get(key) != value} if says else {}
        super().__init__(*args, shape=standard.shape, terms=own, **kwargs)
        self.fields["text"].choices = [  # type: ignore[attr-defined]
            *((text.key, text.label) for text in standard.texts),
            (OWN, "Own wording"),
            (self.NOTHING, "Nothing"),
        ]
        self.fields["text"].initial = held.key if held else OWN if says else standard.texts[0].key
        self.fields["wording"].initial = says["wording"] if says and held is None else ""
        self.fields["signed_on"].widget.attrs["max"] = timezone.now().date().isoformat()

    def wanted(self) -> Wanted | None:
        """Return the clause that the paper has, None where it says nothing of it."""
        return None if self.cleaned_data["text"] == self.NOTHING else _wanted(self)


def _wanted(form: TermsForm) -> Wanted:
    text = form.cleaned_data["text"]
    terms = {key: value for key, value in form.terms().items() if value not in (None, "", [])}
    return Wanted(text=text, wording="" if text else form.cleaned_data["wording"], terms=terms)
