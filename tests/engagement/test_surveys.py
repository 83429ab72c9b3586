"""Recommendations, business reviews and the sponsor's touches as numbers of a day."""

from __future__ import annotations

from decimal import Decimal

import pytest

from accounts.models import Account
from tests.metrics.facts import (
    ago,
    make_account,
    make_answer,
    make_contact,
    make_touch,
    measure,
    measure_segments,
)

pytestmark = pytest.mark.django_db


def answers(account: Account, scores: tuple[int | None, ...], days: int = 10) -> None:
    """Let one person each answer."""
    for place, score in enumerate(scores):
        make_answer(account, ago(days), score, f"{place}@a.example")


def test_nps_is_promoters_less_detractors_of_those_who_answered() -> None:
    account = make_account()
    answers(account, (10, 9, 9, 8, 6, None))
    assert measure("engagement.nps") == {account.pk: 40}
    assert measure("engagement.nps_respondents") == {account.pk: 5}


def test_each_respondent_counts_once_by_the_newest_answer() -> None:
    account = make_account()
    answers(account, (0, 0, 0, 0, 0), days=100)
    answers(account, (10, 9, 9, 10, 7), days=10)
    contact = make_contact(account, email="0@a.example")
    make_answer(account, ago(5), 8, respondent=contact)
    assert measure("engagement.nps") == {account.pk: 60}
    assert measure("engagement.nps_respondents") == {account.pk: 5}
    assert measure("engagement.nps", ago(50)) == {account.pk: -100}


def test_below_five_respondents_only_their_number_is_told() -> None:
    few, others = make_account(industry="Retail"), make_account(industry="Retail")
    answers(few, (0, 0, 0, 0))
    make_answer(others, ago(10), 10)
    assert measure("engagement.nps") == {}
    assert measure("engagement.nps_respondents") == {few.pk: 4, others.pk: 1}
    found = measure_segments("engagement.nps")
    assert found["engagement.nps", "industry", "Retail"].value == -60
    answers(make_account(industry="Food"), (0, 0, 0, 0))
    hidden = measure_segments("engagement.nps")["engagement.nps", "industry", "Food"]
    assert (hidden.value, hidden.numerator, hidden.denominator, hidden.accounts) == (None, None, 4, 1)


def test_answers_older_than_a_year_are_left_out() -> None:
    account = make_account()
    answers(account, (9, 9, 9, 9, 9), days=365)
    assert measure("engagement.nps") == {}
    answers(account, (9, 9, 9, 9, 9), days=364)
    assert measure("engagement.nps") == {account.pk: 100}


def test_days_since_a_business_review_ask_for_that_kind() -> None:
    reviewed, met = make_account(), make_account()
    make_touch(reviewed, ago(30), kind="business_review")
    make_touch(reviewed, ago(3))
    make_touch(met, ago(3), kind="meeting")
    assert measure("engagement.days_since_business_review") == {reviewed.pk: 30}
    assert measure("engagement.days_since_business_review", ago(31)) == {}
    assert measure("engagement.days_since_touch")[reviewed.pk] == 3


def test_the_sponsor_s_touch_is_one_of_the_account_s_sponsor() -> None:
    account, without = make_account(sponsor_email="vera@us.example"), make_account()
    make_touch(account, ago(40), user_email="vera@us.example")
    make_touch(account, ago(2), user_email="else@us.example")
    make_touch(account, ago(1), kind="web", user_email="vera@us.example")
    make_touch(without, ago(2))
    assert measure("engagement.days_since_sponsor_touch") == {account.pk: Decimal(40)}
