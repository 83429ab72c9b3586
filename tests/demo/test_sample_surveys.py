"""The sample company asks some customers, once."""

from __future__ import annotations

import pytest

from demo.surveys import CSAT, NPS, SUCCESS, SUPPORT, ask_customers
from pods.models import SurveyRequest
from tests.accounts.rows import make_listed
from tests.metrics.facts import make_contact
from tests.pods.asking import solved_ticket
from tests.users import make_user

pytestmark = pytest.mark.django_db


def test_customers_are_asked_once_and_some_have_answered() -> None:
    make_user("support", email=SUPPORT)
    make_user("customer_success", email=SUCCESS)
    for number in range(6):
        account = make_listed(f"Customer {number}")
        solved_ticket(account, requester_email=f"ada@customer-{number}.example")
        make_contact(account, email=f"bob@customer-{number}.example")
    assert ask_customers() == len(CSAT) + len(NPS)
    assert ask_customers() == 0
    answered = SurveyRequest.objects.in_state("answered").order_by("pk")
    assert list(answered.values_list("kind", "rating")) == [("csat", 5), ("csat", 2), ("nps", 9), ("nps", 6)]
    assert SurveyRequest.objects.in_state("open").count() == 4
