"""Forms of a task."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Case, Value, When

from people.approvals.forms import PersonField
from people.models import User
from pods.tasks.models import Task
from pods.tasks.registry import TaskKind
from pods.tasks.services import NOTE_AT_MOST


class CloseForm(forms.Form):
    """Complete or drop a task; what needs a note is said by the service."""

    outcome = forms.ChoiceField(label="What came of it", widget=forms.RadioSelect, required=False)
    note = forms.CharField(
        required=False,
        max_length=NOTE_AT_MOST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Colleagues read it. Needed to drop the task.",
    )

    def __init__(self, *args: Any, kind: TaskKind | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        outcome = self.fields["outcome"]
        assert isinstance(outcome, forms.ChoiceField)
        if kind is None:
            del self.fields["outcome"]
            return
        outcome.choices = list(kind.outcomes.items())
        if len(kind.outcomes) == 1:
            outcome.widget = forms.HiddenInput()
            outcome.initial = next(iter(kind.outcomes))


class AssignForm(forms.Form):
    """Give a task to somebody."""

    assignee = PersonField(
        queryset=User.objects.none(),
        label="Who does it",
        required=False,
        empty_label="Anybody of the function",
    )

    def __init__(self, *args: Any, task: Task, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assignee = self.fields["assignee"]
        assert isinstance(assignee, forms.ModelChoiceField)
        assignee.initial = task.assignee_id
        first = Case(When(function=task.function, then=Value(0)), default=Value(1))
        assignee.queryset = User.objects.filter(is_active=True).order_by(first, "name", "pk")
