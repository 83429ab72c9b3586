"""Whatever a page makes of stale data says so, with the reason: each card, chart, column and signal, and each file."""

from __future__ import annotations

import csv
import io
import json
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.home import home_panels
from accounts.lenses import lenses, panels
from accounts.models import Account
from common.charts import Chart
from metrics.models import SegmentValue
from metrics.registry import metrics, segment_definitions
from people.functions import Function
from pods.models import Signal
from sync.freshness.marks import replace_provisional
from tests.accounts.rows import TODAY, days_ago, make_busy
from tests.sync.conftest import make_api
from tests.users import client_as

pytestmark = pytest.mark.django_db

# Panels that rest on no stored number, each with its reason; a new one names its numbers or stands here.
WITHOUT_NUMBERS = {
    "finance.billing": "what was agreed about invoices",
    "finance.margin": "it says which numbers are missing before it can have any",
    "finance.deviations": "what was asked and decided",
    "finance.deviations_by_clause": "what was asked and decided, counted",
    "finance.clauses": "what contracts say",
    "finance.allowed": "what the clause library says",
    "finance.contract_health": "what of the contracts needs a look, counted",
    "finance.approvals": "requests, and when they are due",
    "finance.obligations": "what contracts oblige to, and when it is due",
    "finance.open_deviations": "what was asked and decided",
    "finance.collections_today": "invoices and promises themselves",
    "finance.collections": "invoices and messages themselves",
    "pods.tasks": "what people do is no number",
    "pods.tasks_due": "what people do is no number",
    "pods.signals": "each signal says for itself what its trigger reads",
    "pods.my_signals": "each signal says for itself what its trigger reads",
    "accounts.single_points": "owners and sponsors; the health beside them is marked at its column",
    "accounts.load_by_owner": "accounts counted by their owner",
    "accounts.target_lists": "lists with how many accounts are on each",
    "accounts.targets_by_industry": "accounts counted by their profile",
    "accounts.gaps": "accounts counted by what their profile lacks",
    "accounts.duplicates": "accounts compared by their profile",
    "accounts.lists": "which lists hold it is what people and rules decided",
    "people.to_decide": "requests, and when they are due",
    "support.escalation_path": "people, and when each of them is told",
    "tiers.fired": "the numbers that the rules in force read; each list is marked at its head",
    "tiers.near_boundary": "as tiers.fired",
    "tiers.pending_moves": "as tiers.fired",
    "tiers.scheduled": "versions and their days; numbers stand in their previews",
    "tiers.overrides_ending": "what people decided",
    "tiers.history": "tenures, and who decided them",
    "tiers.entitlements": "values of the rule set and of contracts",
    "support.entitlements": "values of the rule set",
    "support.escalations_unanswered": "what is late and who was told",
    "finance.entitlements": "values of the rule set and of contracts",
    "tiers.path": "which numbers its criteria read depends on the published rules; each is marked at its criterion",
    "metrics.intake": "it says itself which source is late",
    "metrics.refreshes": "the refreshes themselves",
    "pods.health_checks": "tasks and their outcomes; numbers kept with a check are marked there",
    "pods.surveys": "whom we asked, and what they answered",
    "metrics.phase_gates": "criteria of the rollout, each of which leads to its evidence",
}
KEYS = sorted({item.key for item in (*metrics, *segment_definitions)})


def reason(key: str) -> str:
    return f"What {key} rests on from Stripe was 3 days old, expected within 50 hours."


@pytest.fixture
def busy() -> Account:
    account = make_busy()
    SegmentValue.objects.create(
        as_of=TODAY, key="finance.nrr", dimension="all", member="", value=1, accounts=1
    )
    Signal.objects.create(
        account=account,
        trigger="support.urgent_late",
        severity="risk",
        category="support_history",
        reason="6 urgent tickets are past their first-response target",
        opened_on=days_ago(1),
    )
    return account


@pytest.fixture
def doubted(busy: Account) -> Account:
    replace_provisional(as_of=TODAY, reasons={key: reason(key) for key in KEYS})
    return busy


def text_of(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return unescape(response.content.decode())


def home_urls() -> list[tuple[str, str, str]]:
    """Return key, function and address of each home card."""
    return [
        (panel.key, next(iter(panel.functions)), reverse("home_panel", args=[panel.key]))
        for panel in home_panels
    ]


def test_every_panel_names_its_numbers_or_why_it_has_none() -> None:
    every = [*panels, *home_panels]
    unnamed = {panel.key for panel in every if not panel.explain and not panel.numbers}
    assert unnamed == WITHOUT_NUMBERS.keys()


def test_every_panel_of_an_account_says_what_is_old(doubted: Account) -> None:
    client = client_as("leadership")  # who reads every category
    for panel in panels:
        told = text_of(client, reverse("accounts:panel", args=[doubted.pk, panel.key]))
        for key in filter(None, (panel.explain, *panel.numbers)):
            assert reason(key) in told, (panel.key, key)
            assert "abe-provisional" in told, panel.key


def test_every_card_of_every_first_screen_says_what_is_old(doubted: Account) -> None:
    for key, function, url in home_urls():
        panel = home_panels[key]
        told = text_of(client_as(function), url)
        for number in filter(None, (panel.explain, *panel.numbers)):
            assert reason(number) in told, (key, number)
            assert "abe-provisional" in told, key


def test_every_lens_says_it_on_its_whole_page(doubted: Account) -> None:
    client = client_as("revops")
    for lens in lenses:
        told = text_of(client, doubted.get_absolute_url(lens=lens.key))
        for key in lens.panels:
            if panels[key].explain and not panels[key].is_lazy:
                assert reason(panels[key].explain) in told, (lens.key, key)


def test_every_chart_carries_it_into_its_downloads(doubted: Account) -> None:
    client = client_as("leadership")  # who reads every category
    charts = 0
    urls = [reverse("accounts:panel", args=[doubted.pk, panel.key]) for panel in panels if panel.explain]
    urls += [url for key, _, url in home_urls() if home_panels[key].explain]
    for url in urls:
        card = client.get(url).context["card"]
        for value in card.data.values():
            if isinstance(value, Chart):
                charts += 1
                assert value.spec()["provisional"], url
    assert charts > 15


def test_the_page_of_scores_says_it_too(doubted: Account) -> None:
    told = text_of(client_as("marketing"), reverse("engagement:scores"))
    assert told.count(reason("engagement.fit_score")) >= 4  # at the chart and at the list


def test_nothing_is_marked_where_all_is_fresh(busy: Account) -> None:
    client = client_as("revops")
    urls = [reverse("accounts:panel", args=[busy.pk, panel.key]) for panel in panels]
    urls += [url for _, _, url in home_urls()]
    urls += [reverse("home"), busy.get_absolute_url()]
    for url in urls:
        assert "abe-provisional" not in text_of(client, url), url


def test_the_columns_of_an_account_table_are_marked_one_by_one(busy: Account) -> None:
    replace_provisional(as_of=TODAY, reasons={"finance.arr": reason("finance.arr")})
    url = reverse("home_panel", args=["accounts.falling_health"])
    told = text_of(client_as("customer_success"), url)
    head = told[told.index("<thead>") : told.index("</thead>")]
    assert [reason("finance.arr") in part for part in head.split("</th>")[:-1]] == [
        False,
        False,
        False,
        False,
        True,
    ]
    assert reason("finance.arr") not in text_of(client_as("support"), url)


def test_signals_say_what_their_triggers_read(busy: Account) -> None:
    replace_provisional(as_of=TODAY, reasons={"support.late_urgent_tickets": reason("late")})
    page = text_of(client_as("customer_success"), busy.get_absolute_url(lens="success"))
    header, cards = page.split("abe-tabs", 1)
    assert reason("late") in header[header.index("abe-header-chips") :]
    assert reason("late") in cards
    assert reason("late") in text_of(client_as("support"), reverse("home"))
    # Who may not read the signal is not told of it.
    assert reason("late") not in text_of(client_as("finance"), busy.get_absolute_url(lens="success"))


def test_who_may_not_read_a_number_is_not_told_how_old_it_is(doubted: Account) -> None:
    told = text_of(client_as("support"), reverse("accounts:panel", args=[doubted.pk, "accounts.key_facts"]))
    assert reason("metrics.health_score") in told
    assert reason("finance.arr") not in told


def test_a_past_day_is_marked_as_it_was_left(busy: Account) -> None:
    keys = ("finance.arr", "finance.arr_end")
    replace_provisional(as_of=TODAY, reasons=dict.fromkeys(keys, reason("today")))
    replace_provisional(as_of=days_ago(7), reasons=dict.fromkeys(keys, reason("then")))
    client = client_as("revops")
    for url in (
        reverse("accounts:panel", args=[busy.pk, "finance.arr_by_month"]),
        reverse("home_panel", args=["finance.company_arr"]),
    ):
        told = text_of(client, f"{url}?as_of={days_ago(3)}")
        assert reason("then") in told, url
        assert reason("today") not in told, url


@pytest.mark.parametrize("function", Function.values)
def test_marks_cost_no_query_of_their_own(function: str, busy: Account) -> None:
    client = client_as(function)
    urls = [reverse("home"), *(busy.get_absolute_url(lens=lens.key) for lens in lenses)]

    def queries() -> list[int]:
        counts = []
        for url in urls:
            client.get(url)
            with CaptureQueriesContext(connection) as caught:
                client.get(url)
            counts.append(len(caught))
        return counts

    fresh = queries()
    replace_provisional(as_of=TODAY, reasons={key: reason(key) for key in KEYS})
    assert queries() == fresh


def exported(client: Client, url: str) -> list[dict[str, Any]]:
    response = client.get(url)
    assert response.status_code == 200
    return [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]  # type: ignore[attr-defined]


def test_files_say_it_where_their_pages_do(doubted: Account) -> None:
    client = client_as("revops")
    lines = exported(
        client, f"{reverse('accounts:export')}?columns=finance.arr,accounts.country&export=ndjson"
    )
    assert lines[0]["provisional"] == [f"ARR: {reason('finance.arr')}"]
    cards = (
        (reverse("accounts:panel", args=[doubted.pk, "finance.contract_lines"]) + "?", "finance.mrr"),
        (reverse("home_panel", args=["accounts.top_accounts"]) + "?", "finance.arr"),
    )
    for url, key in cards:
        for row in exported(client, f"{url}export=ndjson"):
            assert reason(key) in row["provisional"]
    explained = reverse("metrics:explain", args=["finance.arr"]) + f"?account={doubted.pk}"
    history = exported(client, f"{explained}&table=history&export=ndjson")
    assert [row["provisional"] for row in history][-1] == reason("finance.arr")
    assert {row["provisional"] for row in history[:-1]} == {""}
    health = reverse("metrics:explain", args=["metrics.health_score"]) + f"?account={doubted.pk}"
    for row in exported(client, f"{health}&table=components&export=ndjson"):
        assert row["provisional"] == reason(row["key"])
    response = client.get(f"{reverse('accounts:export')}?columns=finance.arr&export=csv")
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert next(csv.reader(io.StringIO(text)))[-1] == "Provisional"


def test_files_of_fresh_numbers_have_no_such_column(busy: Account) -> None:
    client = client_as("revops")
    assert (
        "provisional"
        not in exported(client, f"{reverse('accounts:export')}?columns=finance.arr&export=ndjson")[0]
    )
    url = reverse("accounts:panel", args=[busy.pk, "finance.contract_lines"])
    assert "provisional" not in exported(client, f"{url}?export=ndjson")[0]


def test_the_api_says_it_of_each_panel(doubted: Account) -> None:
    body = make_api(scopes=("*:read",)).get(f"accounts/{doubted.pk}/360/?lens=finance")
    for key, panel in body["panels"].items():
        rests_on = filter(None, (panels[key].explain, *panels[key].numbers))
        assert panel.get("provisional", "") == " ".join(map(reason, rests_on))
    chart = body["panels"]["finance.arr_by_month"]["data"]["chart"]
    assert chart["spec"]["provisional"] == reason("finance.arr")
