"""The account page, its timeline, search, first screen and the same for programs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, TierTenure
from metrics.models import MetricValue, RefreshRun
from people.models import AccessGrant
from sync.services import issue_token
from tests.accounts.rows import (
    SECRET_ARR,
    SECRET_FORMS,
    TODAY,
    days_ago,
    make_busy,
    make_listed,
    make_quiet,
    tier_of,
)
from tests.metrics.facts import make_contact
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def revops() -> Client:
    return client_as("revops")


@pytest.fixture
def support() -> Client:
    return client_as("support")


@pytest.fixture
def busy() -> Account:
    return make_busy()


def text_of(response: Any) -> str:
    return str(response.content.decode().replace("&#x27;", "'"))


def figures(page: Any) -> dict[str, Any]:
    return {figure.column.key: figure for figure in page.context["header"].figures}


def test_the_header_shows_today(revops: Client, busy: Account) -> None:
    make_user("sales", email="owner@example.com", name="Olga Owner")
    page = revops.get(busy.get_absolute_url())
    text = text_of(page)
    for part in (
        "Busy Works",
        "Strategic",
        "$7,654,321",
        "$637,860 a month",
        "107.3%",
        "in 5 weeks",
        "Olga Owner",
    ):
        assert part in text, part
    assert page.context["header"].day == TODAY
    assert figures(page)["finance.arr"].value == SECRET_ARR


def test_each_headline_figure_opens_its_explanation(revops: Client, busy: Account) -> None:
    page = revops.get(f"{busy.get_absolute_url()}?as_of={days_ago(3)}")
    url = figures(page)["finance.arr"].url
    assert url == f"{reverse('metrics:explain', args=['finance.arr'])}?account={busy.pk}&as_of={days_ago(3)}"
    for figure in figures(revops.get(busy.get_absolute_url())).values():
        assert figure.value is None or revops.get(figure.url).status_code == 200, figure.column.key


def test_a_past_day_shows_the_newest_figures_up_to_it(revops: Client, busy: Account) -> None:
    TierTenure.objects.create(
        account=busy, tier=tier_of("growth"), during=(days_ago(400), days_ago(2)), cause="import"
    )
    page = revops.get(f"{busy.get_absolute_url()}?as_of={days_ago(3)}")
    assert page.context["header"].day == days_ago(7)
    assert figures(page)["support.open_tickets"].value == 3
    assert figures(page)["finance.renewal_on"].value is None
    assert "Growth" in text_of(page)
    assert f"as_of={days_ago(3)}" in page.context["tabs"][1]["url"]
    old = revops.get(f"{busy.get_absolute_url()}?as_of=2001-01-01")
    assert "No figures are stored up to" in text_of(old)


def test_the_figures_of_a_past_day_are_all_of_one_refresh(revops: Client) -> None:
    account = make_listed("Churned")
    for back, key in ((20, "finance.nrr"), (20, "finance.renewal_on"), (10, "finance.arr")):
        MetricValue.objects.create(key=key, as_of=days_ago(back), account=account, value=0)
        RefreshRun.objects.get_or_create(as_of=days_ago(back), state=RefreshRun.State.DONE)
    page = revops.get(f"{account.get_absolute_url()}?as_of={days_ago(5)}")
    assert page.context["header"].day == days_ago(10)
    shown = {key: figure.value for key, figure in figures(page).items() if figure.value is not None}
    assert shown == {"finance.arr": 0}, "what was no longer defined is gone"


@pytest.mark.parametrize("day", ["0000-01-01", "tomorrow", "%00", "9999-12-31", "2026-02-30"])
def test_a_day_that_cannot_be_shown_is_named(revops: Client, day: str) -> None:
    page = revops.get(f"{make_quiet().get_absolute_url()}?as_of={day}")
    assert page.status_code == 200
    assert "That day could not be read or lies ahead" in text_of(page)


def test_a_function_opens_in_its_own_lens() -> None:
    account = make_quiet()
    for function, lens in (("finance", "finance"), ("engineering", "product"), ("leadership", "leadership")):
        assert client_as(function).get(account.get_absolute_url()).context["lens"].key == lens
    page = client_as("sales").get(f"{account.get_absolute_url()}?lens=nowhere")
    assert page.context["lens"].key == "sales"
    assert "There is no such lens" in text_of(page)


def test_a_deleted_or_unknown_account_is_not_found(revops: Client) -> None:
    gone = make_listed("Gone", deleted_at=timezone.now())
    for pk in (gone.pk, 10**6, 10**30):
        assert revops.get(f"/accounts/{pk}/").status_code == 404


def test_the_story_hides_what_may_not_be_read(support: Client, busy: Account) -> None:
    timeline = support.get(busy.get_absolute_url()).context["timeline"]
    assert {event.category for event in timeline.events} <= {
        "account_profile",
        "support_history",
        "account_team",
    }
    assert {item.label for item in timeline.hidden} == {
        "Revenue",
        "Product usage",
        "Engagement",
        "Financial health",
        "Contracts",
    }
    assert "Support does not read revenue" in text_of(support.get(busy.get_absolute_url()))


def test_the_story_pages_back_to_its_beginning(revops: Client, busy: Account) -> None:
    url = reverse("accounts:timeline", args=[busy.pk])
    seen: list[int] = []
    cursor = ""
    for _ in range(10):
        timeline = revops.get(url, {"before": cursor}).context["timeline"]
        seen += [event.pk for event in timeline.events]
        cursor = timeline.older
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 60
    assert b"<html" not in revops.get(url, headers={"HX-Request": "true"}).content


@pytest.mark.parametrize(
    "cursor",
    ["x", "~", "2026-01-01T00:00:00~1", "0000-13-01T00:00:00+00:00~1", "%00~1", "~99999999999999999999"],
)
def test_a_garbage_cursor_starts_the_story_at_its_newest(revops: Client, busy: Account, cursor: str) -> None:
    page = revops.get(f"{reverse('accounts:timeline', args=[busy.pk])}?before={cursor}")
    assert page.status_code == 200
    assert page.context["timeline"].events[0].title.startswith("Event 0")


def test_chips_of_closed_categories_are_redacted(support: Client, busy: Account) -> None:
    header = support.get(busy.get_absolute_url()).context["header"]
    assert {chip.category for chip in header.chips} <= {"account_profile", "support_history", "account_team"}
    assert any("does not read" in reason for reason in header.hidden_chips)


def test_divisions_are_summed_by_the_link_that_is_named(
    revops: Client, support: Client, busy: Account
) -> None:
    page = text_of(revops.get(f"{busy.get_absolute_url()}?lens=overview"))
    assert "over 13 accounts by legal hierarchy" in page
    assert "over 13 accounts by billing parent" in page
    division = Account.objects.filter(parent=busy).first()
    assert division is not None
    assert "Busy Works" in text_of(revops.get(f"{division.get_absolute_url()}?lens=overview"))
    closed = text_of(support.get(f"{busy.get_absolute_url()}?lens=overview"))
    assert "over 13 accounts by legal hierarchy" in closed
    assert not any(form in closed for form in SECRET_FORMS)


def test_what_revops_changes_holds_at_once(support: Client, busy: Account) -> None:
    AccessGrant.objects.filter(function="support", category="revenue").update(level="totals")
    page = support.get(f"{busy.get_absolute_url()}?lens=finance")
    states = {card.key: card.state for card in page.context["cards"]}
    assert figures(page)["finance.arr"].value == SECRET_ARR
    assert states["finance.arr_by_month"] == "loaded"
    assert states["finance.contract_lines"] == "forbidden"


def test_who_reads_no_profile_reads_no_account(support: Client, busy: Account) -> None:
    AccessGrant.objects.filter(function="support", category="account_profile").update(level="none")
    panel = reverse("accounts:panel", args=[busy.pk, "support.open_tickets"])
    for url in (
        "/accounts/",
        "/accounts/export.csv",
        busy.get_absolute_url(),
        reverse("accounts:timeline", args=[busy.pk]),
        panel,
        f"/api/v1/accounts/{busy.pk}/360/",
    ):
        answer = support.get(url)
        assert answer.status_code == 403, url
        assert "Busy Works" not in text_of(answer)
        assert "does not read account profile" in text_of(answer), url


def test_who_reads_no_team_sees_no_owner(support: Client, busy: Account) -> None:
    make_user("sales", email="owner@example.com", name="Olga Owner")
    AccessGrant.objects.filter(function="support", category="account_team").update(level="none")
    page = text_of(support.get(busy.get_absolute_url()))
    assert "Olga Owner" not in page
    assert "Support does not read account team" in page
    listed = support.get("/accounts/?columns=accounts.owner")
    assert "owner@example.com" not in text_of(listed)
    assert "Filtering by Owner was refused" in text_of(support.get("/accounts/?owner=owner@example.com"))


def test_a_cap_keeps_its_name_from_those_who_may_not_know_it(
    support: Client, revops: Client, busy: Account
) -> None:
    busy.health_scores.update(limit="No usage for 30 days")
    url = reverse("accounts:panel", args=[busy.pk, "metrics.health_makeup"])
    assert "No usage for 30 days" in text_of(revops.get(url))
    closed = text_of(support.get(url))
    assert "No usage for 30 days" not in closed
    assert "by a limit" in closed


def test_a_day_is_kept_on_the_way_to_an_account(revops: Client, busy: Account) -> None:
    page = revops.get(f"/accounts/?as_of={days_ago(3)}&lens=finance")
    assert "The list shows the newest figures" in text_of(page)
    assert page.context["page"].rows[0].url.endswith(f"?lens=finance&as_of={days_ago(3)}")


def test_search_finds_accounts_and_people(revops: Client) -> None:
    account = make_listed("Northwind Traders", "strategic", standing={})
    make_contact(account)
    account.contacts.update(name="Dana North", title="Buyer")
    groups = revops.get("/search/?q=north").context["groups"]
    assert [(group["label"], [item["label"] for item in group["items"]]) for group in groups] == [
        ("Accounts", ["Northwind Traders"]),
        ("People", ["Dana North"]),
    ]
    assert groups[1]["items"][0]["hint"] == "Buyer, Northwind Traders"
    assert revops.get("/search/?q=wi").context["groups"] == []
    assert revops.get("/search/?q=no").context["groups"][0]["items"][0]["label"] == "Northwind Traders"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "Look for an account or a person"),
        ("a", "Type at least two letters"),
        ("%00abc", "can't be read"),
        ("%ED%A0%80", "Nothing found"),
        ("zzz%25", "Nothing found"),
        ("x" * 500, "Nothing found"),
    ],
)
def test_search_says_what_to_type(revops: Client, query: str, says: str) -> None:
    make_listed("Alpha")
    page = revops.get(f"/search/?q={query}")
    assert page.status_code == 200
    assert says in text_of(page)


def test_search_hides_the_deleted(revops: Client) -> None:
    gone = make_listed("Gone Trading", deleted_at=timezone.now())
    make_contact(gone)
    gone.contacts.update(name="Gone Person")
    assert revops.get("/search/?q=gone").context["groups"] == []


def test_the_palette_gets_its_own_short_list(revops: Client) -> None:
    for number in range(30):
        make_listed(f"Northwind {number}")
    answer = revops.get("/search/?q=north&palette=1", headers={"HX-Request": "true"})
    assert answer.content.count(b'role="option"') == 8
    assert b"<html" not in answer.content


def test_search_is_closed_to_those_who_read_no_profile(support: Client) -> None:
    make_listed("Northwind")
    AccessGrant.objects.filter(function="support", category="account_profile").update(level="none")
    page = support.get("/search/?q=north")
    assert page.context["groups"] == []
    assert "does not read account profiles" in text_of(page)


def test_the_first_screen_shows_my_own_accounts() -> None:
    me = make_user("customer_success", email="me@example.com")
    make_listed("Mine", owner_email=me.email, standing={"health_change": Decimal(-3)})
    make_listed("Another's", standing={"health_change": Decimal(-30)})
    cards = {card.key: card for card in client_of(me).get("/").context["cards"]}
    assert [row["name"] for row in cards["accounts.falling_health"].data["rows"]] == ["Mine"]


def test_renewals_are_those_of_the_next_90_days() -> None:
    make_listed("Soon", standing={"renewal_on": TODAY + timedelta(days=90), "arr": 1})
    make_listed("Later", standing={"renewal_on": TODAY + timedelta(days=91), "arr": 1})
    make_listed("Past", standing={"renewal_on": TODAY - timedelta(days=1), "arr": 1})
    cards = {card.key: card for card in client_as("finance").get("/").context["cards"]}
    assert [row["name"] for row in cards["accounts.renewals_soon"].data["rows"]] == ["Soon"]


def view_360(client: Client, account: Account, query: str = "", **headers: str) -> Any:
    return client.get(f"/api/v1/accounts/{account.pk}/360/{query}", headers=headers)


def test_programs_get_what_the_page_shows(revops: Client, busy: Account) -> None:
    body = view_360(revops, busy, "?lens=finance").json()
    assert body["figures"]["finance.arr"] == "7654321.00"
    # What people's work costs is for those who plan with it alone.
    closed = [item["key"] for item in body["redacted"]]
    assert closed == ["finance.cost_to_serve"]
    shown = {card.key for card in revops.get(busy.get_absolute_url("finance")).context["cards"]}
    assert {*body["panels"], *closed} == shown
    assert body["failed"] == []
    past = view_360(revops, busy, f"?lens=finance&as_of={days_ago(3)}").json()
    assert past["as_of"] == days_ago(7).isoformat()


def test_programs_get_no_more_than_their_function_reads(busy: Account) -> None:
    issued = issue_token(source="crm", scopes=["account-360:read"], function="support")
    for lens in ("overview", "sales", "success", "support", "finance", "product"):
        answer = view_360(Client(), busy, f"?lens={lens}", Authorization=f"Bearer {issued.secret}")
        assert answer.status_code == 200
        text = answer.content.decode()
        assert not any(form in text for form in SECRET_FORMS), lens
        named = {item["key"]: item["reason"] for item in answer.json()["redacted"]}
        assert named["finance.arr"] == "Support does not read revenue. RevOps can change this."
    assert "finance.contract_lines" in {item["key"] for item in view_360_redacted(busy, issued.secret)}


def view_360_redacted(account: Account, secret: str) -> list[dict[str, str]]:
    answer = view_360(Client(), account, "?lens=finance", Authorization=f"Bearer {secret}")
    found: list[dict[str, str]] = answer.json()["redacted"]
    return found


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?lens=nowhere", 400),
        ("?as_of=0000-01-01", 400),
        ("?as_of=2999-01-01", 400),
        ("?page=1", 400),
        ("?as_of=%00", 400),
    ],
)
def test_a_bad_360_request_is_a_problem(revops: Client, query: str, status: int) -> None:
    answer = view_360(revops, make_quiet(), query)
    assert answer.status_code == status
    assert answer["Content-Type"].startswith("application/problem+json")


def test_a_360_of_nobody_is_not_found(revops: Client) -> None:
    gone = make_listed("Gone", deleted_at=timezone.now())
    assert view_360(revops, gone).status_code == 404
    assert revops.get("/api/v1/accounts/99999999999999999999/360/").status_code == 404


@pytest.mark.parametrize(
    ("scope", "status"),
    [("tickets:read", 403), ("accounts:read", 403), ("account-360:read", 200), ("*:read", 200)],
)
def test_the_whole_of_an_account_needs_a_scope_of_its_own(scope: str, status: int, busy: Account) -> None:
    issued = issue_token(source="crm", scopes=[scope], function="revops")
    assert view_360(Client(), busy, Authorization=f"Bearer {issued.secret}").status_code == status
