"""The sample company's point models."""

import io

import pytest
from django.core.management import call_command

from demo.company import Company
from demo.company.opportunities import SUITED
from engagement.models import ScoreModel

pytestmark = pytest.mark.django_db


def prepare() -> str:
    out = io.StringIO()
    call_command("prepare_sample_scores", stdout=out)
    return out.getvalue()


def test_fit_is_published_and_intent_drafted_once() -> None:
    call_command("create_sample_users", stdout=io.StringIO())
    assert "prepared" in prepare()
    assert "already" in prepare()
    held = ScoreModel.objects.exclude(version=1).order_by("kind").values_list("kind", "version", "state")
    assert list(held) == [("fit", 2, "published"), ("intent", 2, "draft")]


def test_about_a_third_of_new_business_is_won_and_more_where_we_suit(company: Company) -> None:
    industries = {account.id: account.industry for account in company.accounts}
    new = [deal for deal in company.opportunities if deal.kind == "new" and deal.is_closed]

    def won(*, suits: bool) -> float:
        those = [deal.is_won for deal in new if (industries[deal.account] in SUITED) is suits]
        return sum(those) / len(those)

    assert 0.25 < sum(deal.is_won for deal in new) / len(new) < 0.42
    assert won(suits=True) > 1.8 * won(suits=False)
