"""Forms about people; the services decide what is valid, the forms carry it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from people.functions import Function
from people.models import User, known_time_zones

REGIONS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def time_zone_choices() -> list[tuple[str, Any]]:
    """Return UTC and the named zones by region."""
    names = sorted(name for name in known_time_zones() if name.partition("/")[0] in REGIONS)
    regions = [
        (region, [(name, _spoken(name)) for name in names if name.startswith(f"{region}/")])
        for region in REGIONS
    ]
    return [("UTC", "UTC"), *regions]


def _spoken(name: str) -> str:
    return name.partition("/")[2].replace("_", " ").replace("/", ", ")


class ProfileForm(forms.Form):
    """What people keep about themselves."""

    name = forms.CharField(max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    title = forms.CharField(
        max_length=150,
        required=False,
        help_text="What you do, as colleagues would say it.",
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )
    time_zone = forms.ChoiceField(
        choices=time_zone_choices, help_text="Times on pages are shown in this zone."
    )

    def __init__(self, *args: Any, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = user.time_zone if user else ""
        choices = self.fields["time_zone"]
        known = {name for _, group in time_zone_choices()[1:] for name, _ in group} | {"UTC", ""}
        if zone not in known and isinstance(choices, forms.ChoiceField):  # an alias such as US/Eastern stays
            choices.choices = [*time_zone_choices(), (zone, zone)]

    def add_errors(self, error: ValidationError) -> None:
        """Put what a service refused beside the fields it named."""
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)


class UserForm(ProfileForm):
    """What RevOps keeps about a person."""

    email = forms.EmailField(label="Email", help_text="They sign in with it.", max_length=254)
    function = forms.ChoiceField(
        choices=[("", "Choose a function"), *Function.choices],
        help_text="Decides the first screen and what may be read.",
    )
    is_active = forms.BooleanField(label="May sign in", required=False)

    field_order = ("name", "email", "function", "title", "time_zone", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["title"].help_text = "What they do, as colleagues would say it."
        self.fields["time_zone"].help_text = "Times on their pages are shown in this zone."


class NewUserForm(UserForm):
    """A person who is about to get access."""

    password = forms.CharField(
        label="Initial password",
        required=False,
        strip=False,
        max_length=128,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Leave it empty if they sign in by single sign-on or choose their own with “Forgot it?”.",
    )

    field_order = ("name", "email", "function", "title", "time_zone", "password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["is_active"]

    def clean_password(self) -> str | None:
        """Hold an initial password to the same rules as any other."""
        password: str = self.cleaned_data["password"]
        if not password:
            return None
        validate_password(
            password,
            User(email=self.cleaned_data.get("email", ""), name=self.cleaned_data.get("name", "")),
        )
        return password
