"""What is refused is said by the field's name, with what to do."""

import pytest
from django import forms
from django.core.exceptions import ValidationError

from common.tags.refusals import refusals


def own(value):
    raise ValidationError("Ask legal first.", code="invalid")


class Form(forms.Form):
    why = forms.CharField(max_length=5)
    due_on = forms.DateField(label="Due")
    days = forms.IntegerField(label="Notice, days", min_value=1, max_value=90)
    amount = forms.DecimalField(max_digits=6, decimal_places=2)
    party = forms.ChoiceField(label="By whom", choices=[("us", "Us")])
    tiers = forms.MultipleChoiceField(choices=[("a", "A")])
    agree = forms.BooleanField(label="I agree")
    paper = forms.FileField()
    text = forms.CharField(error_messages={"required": "Say what is bought."})
    word = forms.CharField(validators=[own])


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("why", "", "Fill in “Why”."),
        ("why", "a year", "“Why” has 6 characters: shorten it to 5."),
        ("due_on", "", "Choose a day for “Due”."),
        ("due_on", "soon", "Enter a day for “Due”, such as 2026-11-30."),
        ("days", "", "Enter a number for “Notice, days”."),
        ("days", "many", "Enter a whole number for “Notice, days”, such as 30."),
        ("days", "0", "“Notice, days” can’t be below 1: enter 1 or more."),
        ("days", "91", "“Notice, days” can’t be above 90: enter 90 or less."),
        ("amount", "much", "Enter a number for “Amount”, such as 12.50."),
        ("amount", "1.234", "“Amount” has too many decimals: round it to 2."),
        ("amount", "12345", "“Amount” is too large: 4 digits before the point are kept at most."),
        ("party", "", "Choose one for “By whom”."),
        ("party", "them", "“them” isn’t on offer for “By whom”: choose one that is."),
        ("tiers", "", "Choose at least one for “Tiers”."),
        ("agree", "", "Tick “I agree” to go on."),
        ("paper", "", "Choose a file for “Paper”."),
        ("text", "", "Say what is bought."),
        ("word", "yes", "Ask legal first."),
    ],
)
def test_a_refusal_names_the_field_and_the_remedy(name, typed, told):
    assert refusals(Form({name: typed})[name]) == [told]


def test_a_label_of_the_page_counts_before_the_forms_own():
    assert refusals(Form({})["why"], "Reason") == ["Fill in “Reason”."]


def test_what_a_service_refused_stays_in_its_words():
    form = Form({})
    form.is_valid()
    form.add_error("days", "This contract has no notice.")
    assert refusals(form["days"]) == ["Enter a number for “Notice, days”.", "This contract has no notice."]
