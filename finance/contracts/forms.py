"""What people type to amend a contract, read into changes and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict

from finance.clauses.offers import FamilyOffers
from finance.contracts.changes import ADD, CHANGE, END, PRICED, TERMS, Problem
from finance.contracts.statements import Statement, plain_number
from finance.models import BillingPeriod

MOST_NEW_LINES = 20
LONGEST_NOTE = 2_000
DAY = {"type": "date"}


def _number(label: str, *, required: bool, hint: str = "", most: Decimal | None = None) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=required,
        min_value=Decimal(0),
        max_value=most,
        max_digits=18,
        decimal_places=4,
        help_text=hint,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
    )


class TermsForm(forms.Form):
    """From when it counts, the terms as they are to be, and why."""

    effective_on = forms.DateField(
        label="Counts from",
        widget=forms.DateInput(attrs=DAY),
        help_text="The first day on which it is otherwise.",
    )
    end_on = forms.DateField(
        label="First day after the term",
        required=False,
        widget=forms.DateInput(attrs=DAY),
        help_text="Empty: open-ended.",
    )
    notice_days = forms.IntegerField(label="Notice, days", required=False, min_value=0, max_value=36_600)
    renewal_months = forms.IntegerField(
        label="Renews, months", required=False, min_value=0, max_value=1200, help_text="Empty: twelve."
    )
    payment_terms_days = forms.IntegerField(
        label="Days to pay",
        required=False,
        min_value=0,
        max_value=36_600,
        help_text="Empty: as the tier says.",
    )
    auto_renew = forms.BooleanField(label="Renews by itself", required=False)
    note = forms.CharField(
        label="Why",
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Whoever approves it reads this; it can’t be proposed without.",
    )


class LineForm(forms.Form):
    """A line that runs: what it costs from then on, or that it ends."""

    amount = _number("Amount", required=True)
    quantity = _number("Quantity", required=True)
    discount_percent = _number("Discount, %", required=True, most=Decimal(100))
    ends = forms.BooleanField(label="Ends on that day", required=False)


class NewLineForm(forms.Form):
    """A line that begins."""

    product = forms.CharField(label="Product", required=False, max_length=255)
    amount = _number("Amount", required=False, hint="For the whole quantity and one period.")
    billing_period = forms.ChoiceField(
        label="Paid per", choices=BillingPeriod.choices, initial=BillingPeriod.YEAR
    )
    quantity = _number("Quantity", required=False)
    discount_percent = _number("Discount, %", required=False, most=Decimal(100))
    end_on = forms.DateField(
        label="First day after",
        required=False,
        widget=forms.DateInput(attrs=DAY),
        help_text="Empty: runs on.",
    )
    is_trial = forms.BooleanField(label="Trial", required=False)

    def clean(self) -> dict[str, Any]:
        """Ask for what a line can't do without, once something was typed."""
        given = dict(self.cleaned_data)
        if self.is_blank:
            return given
        if not given.get("product") and "product" not in self.errors:
            self.add_error("product", "Say what is bought.")
        if given.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", "Say what it costs, 0 for nothing.")
        return given

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed."""
        typed = self.cleaned_data
        named = (typed.get("product"), typed.get("end_on"), typed.get("is_trial"))
        return not any(named) and all(typed.get(name) is None and name not in self.errors for name in PRICED)


class ClauseForm(forms.Form):
    """What the contract is to say in one family of clauses."""

    AS_NOW, GONE, TYPED = "", "end", "typed"
    choice = forms.ChoiceField(required=False)

    def __init__(self, offers: FamilyOffers, told: Mapping[str, Any] | None, data: QueryDict | None) -> None:
        self.family = offers.family
        self.clauses: dict[str, Mapping[str, Any] | None] = {self.AS_NOW: None}
        choices = [(self.AS_NOW, f"As now: {offers.says or 'nothing'}")]
        for offer in offers.offers:
            self.clauses[offer.key] = offer.clause
            choices.append((offer.key, offer.label))
        if offers.says:
            self.clauses[self.GONE] = {"do": END, "family": offers.family}
            choices.append((self.GONE, "No longer in the contract"))
        chosen = next((key for key, clause in self.clauses.items() if clause == told), None)
        if chosen is None:
            # Such as what was granted then and isn't any more: what was typed stays until another is chosen.
            chosen = self.TYPED
            self.clauses[self.TYPED] = told
            choices.append((self.TYPED, "As this draft says"))
        super().__init__(data, prefix=f"clause-{offers.family}", initial={"choice": chosen})
        field = self.fields["choice"]
        field.label = offers.label
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def read(self) -> dict[str, Any] | None:
        """Return the change that was chosen; None for none."""
        clause = self.clauses[self.cleaned_data["choice"]]
        return dict(clause) if clause is not None else None


class AmendmentForms:
    """All that stands on the page where an amendment is edited; without prices only the terms and clauses.

    ``base`` is what the contract says, ``changes`` what was typed before, ``offers`` which clauses can be had.
    Lines that have ended by ``since`` are left out.
    """

    def __init__(
        self,
        base: Statement,
        changes: Mapping[str, Any],
        initial: Mapping[str, Any],
        *,
        data: QueryDict | None = None,
        has_prices: bool,
        offers: Sequence[FamilyOffers] = (),
        since: date | None = None,
    ) -> None:
        self.base, self.changes, self.has_prices = base, changes, has_prices
        terms = {name: changes.get("terms", {}).get(name, base[name]) for name in TERMS}
        self.terms = TermsForm(data, initial=terms | dict(initial))
        told = {each["line"]: each for each in changes.get("lines", ()) if each["do"] != ADD}
        held = [dict(line) | {"until": _date(line["end_on"])} for line in base["lines"] if has_prices]
        # What has ended can't change, unless somebody said so while it ran: that is said at its place.
        held = [
            line
            for line in held
            if since is None or line["until"] is None or line["until"] >= since or line["line"] in told
        ]
        self.lines = [
            (line, LineForm(data, prefix=f"line-{line['line']}", initial=_of(line, told))) for line in held
        ]
        added = [each for each in changes.get("lines", ()) if each["do"] == ADD]
        count = len(added) + 1 if data is None else _count(data)
        self.new = [
            NewLineForm(
                data, prefix=f"new-{at}", initial=added[at] if data is None and at < len(added) else {}
            )
            for at in range(min(count, MOST_NEW_LINES) if has_prices else 0)
        ]

        worded = {str(each["family"]): each for each in changes.get("clauses", ())}
        self.clauses = [ClauseForm(each, worded.get(each.family), data) for each in offers]
        self.granted = [(each.label, offer) for each in offers for offer in each.granted]

    @property
    def new_count(self) -> int:
        """How many places for new lines there are."""
        return len(self.new)

    def is_valid(self) -> bool:
        """Return whether all of them can be read; each is looked at, so that all errors show at once."""
        every: Sequence[forms.Form] = [
            self.terms,
            *(form for _, form in self.lines),
            *self.new,
            *self.clauses,
        ]
        found = [form.is_valid() for form in every]
        return all(found)

    def read(self) -> dict[str, Any]:
        """Return the changes that were typed: what is as it was is none."""
        given = self.terms.cleaned_data
        terms = {name: _plain(given[name]) for name in TERMS if _plain(given[name]) != self.base[name]}
        found: dict[str, Any] = {"terms": terms} if terms else {}
        lines = list(self._read_lines()) if self.has_prices else list(self.changes.get("lines", ()))
        if lines:
            found["lines"] = lines
        if clauses := [change for form in self.clauses if (change := form.read()) is not None]:
            found["clauses"] = clauses
        return found

    def place(self, problems: Sequence[Problem]) -> None:
        """Show each problem beside what it is about."""
        lines = {line["line"]: form for line, form in self.lines}
        begun = [form for form in self.new if not form.is_blank]
        for problem in problems:
            if problem.new is not None and problem.new < len(begun):
                begun[problem.new].add_error(problem.field, problem.detail)
            elif problem.line in lines:
                lines[problem.line].add_error("ends", problem.detail)
            elif problem.field in self.terms.fields:
                self.terms.add_error(problem.field, problem.detail)
            else:
                self.terms.add_error(None, problem.detail)

    def _read_lines(self) -> Iterator[dict[str, Any]]:
        for line, form in self.lines:
            typed = form.cleaned_data
            if typed["ends"]:
                yield {"do": END, "line": line["line"]}
                continue
            moved = {
                name: plain_number(typed[name]) for name in PRICED if plain_number(typed[name]) != line[name]
            }
            if moved:
                yield {"do": CHANGE, "line": line["line"]} | moved
        for new in self.new:
            if not new.is_blank:
                yield {"do": ADD} | _new_line(new.cleaned_data)


def _new_line(typed: Mapping[str, Any]) -> dict[str, Any]:
    quantity, discount = typed["quantity"], typed["discount_percent"]
    return {
        "product": typed["product"],
        "amount": plain_number(typed["amount"]),
        "billing_period": typed["billing_period"],
        "quantity": plain_number(1 if quantity is None else quantity),
        "discount_percent": plain_number(discount or 0),
        "is_trial": typed["is_trial"],
        "end_on": typed["end_on"].isoformat() if typed["end_on"] else None,
    }


def _of(line: Statement, told: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    change = told.get(line["line"], {})
    return {name: change.get(name, line[name]) for name in PRICED} | {"ends": change.get("do") == END}


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _count(data: QueryDict) -> int:
    text = data.get("new_count", "")
    count = int(text) if text.isdecimal() and len(text) < 4 else 0
    return min(count + (data.get("do") == "more"), MOST_NEW_LINES)
