import io

import pytest
from django.core.management import call_command

from demo import team
from demo.company import Company
from people.functions import Function
from people.models import User

pytestmark = pytest.mark.django_db


def create() -> str:
    out = io.StringIO()
    call_command("create_sample_users", stdout=out)
    return out.getvalue()


def test_there_is_one_login_for_every_function_and_it_opens() -> None:
    create()
    logins = User.objects.filter(email__in=[person.email for person in team.LOGINS])
    assert {user.function for user in logins} == set(Function.values)
    assert all(user.check_password(team.PASSWORD) for user in logins)
    assert not any(user.is_staff or user.is_superuser for user in logins)


def test_colleagues_cannot_sign_in() -> None:
    create()
    colleagues = User.objects.filter(email__in=[person.email for person in team.COLLEAGUES])
    assert len(colleagues) == 25
    assert not any(user.has_usable_password() for user in colleagues)


def test_everyone_whom_the_exports_name_exists(company: Company) -> None:
    create()
    known = set(User.objects.values_list("email", flat=True))
    named = {account.owner_email for account in company.accounts}
    named |= {account.sponsor_email for account in company.accounts if account.sponsor_email}
    named |= {touch.user_email for touch in company.engagements if touch.user_email}
    named |= {ticket.assignee_email for ticket in company.tickets if ticket.assignee_email}
    assert named <= known


def test_a_repeat_changes_nobody() -> None:
    assert create().startswith("36 people created, 0 already")
    User.objects.filter(email=team.LOGINS[0].email).update(title="Promoted")
    before = list(User.objects.order_by("pk").values())
    assert create().startswith("0 people created, 36 already")
    assert list(User.objects.order_by("pk").values()) == before
