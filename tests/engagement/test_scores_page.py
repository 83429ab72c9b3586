"""The page of scores: who fits and wants to buy, and whether the scores tell who does."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Account, Standing
from engagement.models import AccountScore, ScoreKind, ScoreModel
from engagement.scoring import analysis
from engagement.scoring.analysis import win_rates
from sync.models import Change
from tests.metrics.facts import TODAY, ago, make_account, make_deal, make_touch, refresh
from tests.sync.conftest import make_api
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db
PAGE = "/scores/"


def give(account: Account, day: date, *, fit: int, intent: int = 0) -> None:
    for kind, score in (("fit", fit), ("intent", intent)):
        model = ScoreModel.objects.get(kind=kind, state="published")
        AccountScore.objects.create(as_of=day, kind=kind, account=account, model=model, score=score, parts=[])


@pytest.fixture
def marketing() -> Client:
    return client_as("marketing")


def test_win_rates_count_what_was_known_when_a_deal_was_opened() -> None:
    for place in range(20):
        account = make_account()
        give(account, ago(100), fit=place * 5)
        give(account, ago(20), fit=100 if place < 10 else 0)  # made when the end was known
        make_deal(account, ago(90), ago(30), kind="new", is_closed=True, is_won=place >= 10)
    make_deal(make_account(), ago(90), ago(30), kind="new", is_closed=True)
    stale = make_account()
    give(stale, ago(200), fit=90)
    make_deal(stale, ago(90), ago(30), kind="new", is_closed=True)
    rates = win_rates(ScoreKind.FIT, ago(365), TODAY)
    assert (rates.deals, rates.unknown) == (20, 2)
    assert [(one.deals, one.won) for one in rates.deciles] == [(2, 0)] * 5 + [(2, 2)] * 5
    assert (rates.deciles[0].least, rates.deciles[-1].most) == (Decimal(0), Decimal(95))


def test_a_score_of_the_day_on_which_a_deal_was_opened_knows_of_the_deal_and_renewals_are_no_wins() -> None:
    before, late, renewing = (make_account() for _ in range(3))
    give(before, ago(90 + 45), fit=40)
    give(before, ago(90), fit=100)
    give(late, ago(90), fit=100)
    give(renewing, ago(95), fit=80)
    for account, kind in ((before, "new"), (late, "new"), (renewing, "renewal")):
        make_deal(account, ago(90), ago(30), kind=kind, is_closed=True, is_won=True)
    rates = win_rates(ScoreKind.FIT, ago(365), TODAY)
    assert (rates.deals, rates.unknown) == (1, 1)
    assert [(one.most, one.won) for one in rates.deciles] == [(40, 1)]


def test_equal_scores_are_not_torn_apart() -> None:
    for place in range(30):
        account = make_account()
        give(account, ago(95), fit=40 if place < 29 else 80)
        make_deal(account, ago(90), ago(30), kind="new", is_closed=True, is_won=place % 2 == 0)
    rates = win_rates(ScoreKind.FIT, ago(365), TODAY)
    assert [(one.deals, one.least, one.most) for one in rates.deciles] == [(29, 40, 40), (1, 80, 80)]


def test_of_more_accounts_than_marks_the_highest_together_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "MOST_MARKS", 2)
    found = {}
    for fit, intent in ((10, 20), (90, 80), (0, 95), (60, 60), (99, 1)):
        account = make_account(lifecycle="prospect")
        give(account, TODAY, fit=fit, intent=intent)
        found[account.pk] = (fit, intent)
    marks, count = analysis.marks_of(TODAY, ["prospect"])
    assert [found[mark.account_id] for mark in marks] == [(90, 80), (60, 60)]
    assert count == 5


def test_the_page_shows_who_fits_and_wants_to_buy(marketing: Client) -> None:
    hot, cold = make_account(lifecycle="prospect"), make_account(lifecycle="target")
    customer = make_account(lifecycle="customer")
    for account, points in ((hot, 90), (cold, 10), (customer, 70)):
        give(account, TODAY, fit=points, intent=points)
    text = marketing.get(PAGE).content.decode()
    assert "1 of 2 targets and prospects fit and show intent" in text
    assert hot.name in text
    assert customer.name not in text
    assert "1 of 1 customers fit" in marketing.get(f"{PAGE}?of=customers").content.decode()
    assert hot.name not in marketing.get(f"{PAGE}?mine=1").content.decode()
    rows = marketing.get(f"{PAGE}?export=csv").getvalue().decode().splitlines()
    assert len(rows) == 3


def test_a_past_day_asks_for_the_lifecycle_and_owner_of_that_day() -> None:
    user = make_user("marketing")
    client, api = client_of(user), make_api()
    came = {"external_id": "a", "name": "Was a prospect", "lifecycle": "prospect", "owner_email": user.email}
    api.bulk("accounts", [came])
    date_changes("created", 30)
    api.bulk("accounts", [{"external_id": "a", "lifecycle": "customer", "owner_email": "x@example.com"}])
    date_changes("updated", 5)
    account = Account.objects.get(name="Was a prospect")
    for day in (ago(10), TODAY):
        give(account, day, fit=70, intent=70)

    def is_shown(query: str) -> bool:
        return account.name in client.get(f"{PAGE}?{query}").content.decode()

    assert is_shown(f"as_of={ago(8)}")
    assert is_shown(f"as_of={ago(8)}&mine=1")
    assert not is_shown(f"as_of={ago(8)}&of=customers")
    assert is_shown("of=customers")
    assert not is_shown("")
    assert is_shown(f"as_of={TODAY}&of=customers")
    assert not is_shown(f"as_of={TODAY}&of=customers&mine=1")


def date_changes(kind: str, days: int) -> None:
    moment = datetime.combine(ago(days), time(12), UTC)
    Change.objects.filter(kind=kind).update(changed_at=moment)


def test_without_scores_the_page_says_when_they_come(marketing: Client) -> None:
    text = marketing.get(PAGE).content.decode()
    assert "Scores appear after the next nightly refresh" in text


@pytest.mark.parametrize("query", ["?of=nobody", "?by=%00", "?mine=x", "?as_of=1999-01-01", "?export=exe"])
def test_odd_addresses_are_answered(marketing: Client, query: str) -> None:
    assert marketing.get(PAGE + query).status_code == 200


def test_who_reads_no_engagement_is_told_so() -> None:
    response = client_as("support").get(PAGE)
    assert response.status_code == 403
    assert "does not read engagement" in response.content.decode()


def test_a_decile_of_one_score_is_named_by_it_and_the_axis_ends_at_all(marketing: Client) -> None:
    for place in range(10):
        account = make_account()
        today = timezone.now().date()
        give(account, today - timedelta(days=60), fit=15)
        make_deal(
            account,
            today - timedelta(days=50),
            today - timedelta(days=9),
            kind="new",
            is_closed=True,
            is_won=place > 2,
        )
    text = marketing.get(PAGE).content.decode()
    assert "15 (n = 10)" in text
    assert "15 to 15" not in text
    assert '"min": 0, "max": 1' in text


def test_the_home_of_marketing_shows_who_fits_and_wants_to_buy(marketing: Client) -> None:
    hot = make_account(lifecycle="prospect")
    give(hot, timezone.now().date(), fit=80, intent=70)
    text = marketing.get("/panels/engagement.fit_intent/").content.decode()
    assert "1 of 1 targets and prospects fit and show intent" in text
    assert hot.name in text


def test_the_account_list_shows_sorts_and_filters_by_scores() -> None:
    quiet = make_account(lifecycle="prospect")
    busy = make_account(lifecycle="prospect")
    make_touch(busy, ago(3), kind="meeting", direction="inbound")
    refresh(TODAY)
    held = {row.account_id: row.score for row in AccountScore.objects.filter(kind="engagement", as_of=TODAY)}
    assert held[busy.pk] > held[quiet.pk]
    for account in (quiet, busy):
        assert Standing.objects.get(account=account).engagement_score == held[account.pk]
    client, key = client_as("marketing"), "engagement.engagement_score"

    def names(query: str) -> list[str]:
        return [row.name for row in client.get(f"/accounts/?columns={key}&{query}").context["page"].rows]

    assert names(f"sort=-{key}") == [busy.name, quiet.name]
    assert names(f"sort={key}") == [quiet.name, busy.name]
    assert names("engagement_min=1") == [busy.name]
    for wrong in ("101", "-1", "x", "NaN"):
        page = client.get(f"/accounts/?engagement_min={wrong}")
        assert "was left out" in " ".join(page.context["problems"])
    closed = client_as("support").get(f"/accounts/?sort=-{key}&columns={key}&engagement_min=1")
    assert "was refused" in " ".join(closed.context["problems"])
    assert len(closed.context["page"].rows) == 2
