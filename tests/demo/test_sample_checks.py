"""The sample company looks at its customers, once."""

from __future__ import annotations

import pytest

from demo.checks import OUTCOMES, SUCCESS, check_customers
from pods.models import Task
from tests.pods.checking import customer
from tests.users import make_user

pytestmark = pytest.mark.django_db


def test_what_is_due_is_opened_once_and_some_is_done() -> None:
    make_user("customer_success", email=SUCCESS)
    for number in range(6):
        customer("strategic", f"Customer {number}", arr=1000 - number)
    assert check_customers() == 6
    assert check_customers() == 0
    done = Task.objects.filter(state="done").order_by("-account__standing__arr")
    assert list(done.values_list("outcome", flat=True)) == [outcome for outcome, _ in OUTCOMES]
