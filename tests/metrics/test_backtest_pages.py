"""The pages of backtests: what they say of a result, who may see it, and what leads on from it."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.urls import reverse

from metrics.backtest.services import request_backtest
from metrics.backtest.words import interval, verdict
from metrics.health.content import content_of
from metrics.health.services import create_health_draft, save_health_draft
from metrics.models import Backtest, HealthModel
from metrics.runs.work import do_next_step
from tests.metrics.backtests import FIRST, backtest, make_model, make_past, month_end
from tests.users import client_as, make_user

pytestmark = pytest.mark.django_db


def text_of(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return " ".join(unescape(response.content.decode()).split())


def page(run: Backtest, query: str = "", function: str = "revops") -> str:
    return text_of(client_as(function).get(reverse("metrics:backtest", args=[run.pk]) + query))


def words_of(run: Backtest, query: str = "") -> str:
    return " ".join(re.sub("<[^>]+>", " ", page(run, query)).split())


def lines_of(response: Any) -> list[dict[str, str]]:
    body = response.getvalue().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(body)))


@pytest.fixture
def told() -> Backtest:
    make_past(accounts=240, losses=100)
    return backtest(make_model())


def test_a_result_says_what_it_found_and_what_it_was_made_of(told: Backtest) -> None:
    said = words_of(told)
    found = told.summary["results"][0]
    model = found["since_cut"]["model"]
    assert f"{model['auc']:.2f} ({model['low']:.2f} to {model['high']:.2f})" in said
    assert "It beats tier and usage" in said
    assert f"seed {told.seed}" in said
    assert f"{found['censored']:,} left out because the window isn’t over" in said
    assert "31 Jan 2025" in said
    for title in (
        "The red band",
        "Calibration",
        "What each component tells",
        "Other weights",
        "How it was made",
    ):
        assert title in said
    assert "Shuffled outcomes" in said


def test_the_page_leads_with_what_lies_behind_the_cut_and_shows_each_figure_as_it_was_found(
    told: Backtest,
) -> None:
    found = told.summary["results"][0]
    shown = client_as("revops").get(reverse("metrics:backtest", args=[told.pk])).context
    since, whole = found["since_cut"], found["compared"]
    assert shown["is_after_cut"]
    assert shown["headline"] == {key: interval(since[key]) for key in ("model", "tier", "usage")}
    assert shown["headline"]["model"] != interval(whole["model"])
    assert shown["verdict"] == verdict(since)
    assert [chart.values for chart in shown["comparison"].series] == [
        [one["model"]["auc"], one["tier"]["auc"], one["usage"]["auc"], one["shuffled"]]
        for one in (whole, since)
    ]
    red = found["red"]
    assert red["rows"] != red["events"]
    assert shown["red"]["precision"] == red["hits"] / red["rows"]
    assert shown["red"]["recall"] == red["hits"] / red["events"]
    shares = shown["calibration"].series[0].values
    assert shares == [one["events"] / one["rows"] for one in found["deciles"]]
    assert shares[0] > shares[-1]


def test_each_outcome_and_window_has_a_tab(told: Backtest) -> None:
    said = words_of(told, "?outcome=contraction&window=180")
    found = told.summary["results"][3]
    assert (found["outcome"], found["window"]) == ("contraction", 180)
    assert f"{found['rows']:,} judged here" in said
    assert "Contraction or churn: an account pays at least 5% less" in said
    assert page(told, "?outcome=nonsense&window=7").count("Churn within 90 days") >= 1


def test_losses_lead_to_the_account_as_it_was(told: Backtest) -> None:
    loss = told.losses.filter(red_on=None).order_by("-arr").first()
    assert loss is not None
    said = page(told, "?way=late")
    link = reverse("accounts:detail", args=[loss.account_id])
    assert f"{link}?as_of={loss.last_on.isoformat()}" in said
    warned = told.losses.exclude(red_on=None).first()
    assert warned is not None
    assert f"{reverse('accounts:detail', args=[warned.account_id])}?as_of" not in said


def test_long_lists_of_losses_are_turned_page_by_page(told: Backtest) -> None:
    first, second = page(told), page(told, "?page=2")
    assert "page=2" in first
    assert "page=1" in second
    assert page(told, "?page=99999999999999999999").count("Accounts that left")


@pytest.mark.parametrize("table", ["losses", "comparison", "months", "deciles", "components", "weights"])
def test_every_list_is_a_file(told: Backtest, table: str) -> None:
    url = reverse("metrics:backtest", args=[told.pk])
    rows = lines_of(client_as("revops").get(f"{url}?export=csv&table={table}"))
    counts = {
        "losses": told.losses.count(),
        "comparison": 24,
        "months": 17,
        "components": 2,
        "weights": 2,
        "deciles": len(told.summary["results"][0]["deciles"]),
    }
    assert len(rows) == counts[table]


def test_a_draft_is_begun_by_a_button_and_never_by_itself(told: Backtest) -> None:
    count = HealthModel.objects.count()
    assert "Begin a draft with these weights" in page(told)
    assert "Begin a draft with these weights" not in page(told, function="leadership")
    address = reverse("metrics:backtest_draft", args=[told.pk])
    assert client_as("leadership").post(address).status_code == 403
    assert HealthModel.objects.count() == count
    response = client_as("revops").post(address)
    draft = HealthModel.objects.latest("pk")
    assert HealthModel.objects.count() == count + 1
    assert response["Location"] == draft.get_absolute_url()
    assert draft.state == "draft"


def test_a_draft_that_was_saved_since_has_no_button_for_weights_of_before(told: Backtest) -> None:
    model = told.model
    save_health_draft(model=model, by=make_user("revops"), content=content_of(model))
    assert "Begin a draft with these weights" not in page(told)
    response = client_as("revops").post(reverse("metrics:backtest_draft", args=[told.pk]), follow=True)
    assert "Test it again" in text_of(response)


def test_each_outcome_has_the_warning_ahead_of_it(told: Backtest) -> None:
    assert "Warning ahead of a churn " in words_of(told)
    said = words_of(told, "?outcome=contraction&window=90")
    losses = told.summary["losses"]["contraction"]
    assert "Warning ahead of a contraction or churn" in said
    assert f"of {losses['warned']} of {losses['lost']}" in said
    # Runs of before didn't count it.
    del told.summary["losses"]["contraction"]
    told.save()
    assert "Warning ahead of" not in words_of(told, "?outcome=contraction&window=90")


@pytest.mark.parametrize("function", ["sales", "finance", "customer_success", "support"])
def test_others_are_told_whom_to_ask(told: Backtest, function: str) -> None:
    client = client_as(function)
    for address in (reverse("metrics:backtest", args=[told.pk]), reverse("metrics:backtests")):
        assert client.get(address).status_code == 403
    assert client.post(reverse("metrics:backtest_new")).status_code == 403
    assert "Backtests" not in text_of(client.get(reverse("metrics:library")))


def test_few_outcomes_are_said_plainly() -> None:
    make_past(accounts=40, losses=4)
    said = page(backtest(make_model()))
    assert "Not enough outcomes" in said
    assert "it takes 10 to say anything" in said
    assert "No weights to suggest" in said
    assert "only" in said


def test_the_form_asks_for_what_is_kept_and_begins_a_run() -> None:
    make_past(accounts=20, losses=3)
    model = make_model()
    create_health_draft(by=make_user("revops"))  # newer, so that the form lists another version first
    client = client_as("revops")
    address = reverse("metrics:backtest_new")
    form = client.get(f"{address}?model={model.pk}").content.decode()
    assert f'<option value="{model.pk}" selected>' in form
    assert '<option value="2025-01-31" selected>' in form
    asked = {"model": model.pk, "first": "2025-02-28", "last": "2025-09-30", "windows": ["90"]}
    response = client.post(address, asked)
    run = Backtest.objects.get()
    assert run.model == model
    assert response["Location"] == reverse("metrics:backtest", args=[run.pk])
    assert (run.first, run.last, run.windows) == (date(2025, 2, 28), date(2025, 9, 30), [90])
    waiting = text_of(client.get(response["Location"]))
    assert "0 of" in waiting
    assert "every 2s" in waiting


@pytest.mark.parametrize(
    ("asked", "field", "told"),
    [
        ({"first": "2025-09-30", "last": "2025-02-28"}, "last", "isn’t before the first"),
        ({"windows": []}, "windows", ""),
        ({"known_until": "2025-03-31", "last": "2025-03-31"}, "last", "No window of 90 days is over"),
        ({"known_until": "next week"}, "known_until", ""),
        ({"model": "x"}, "model", ""),
        ({"first": "2031-01-31"}, "first", ""),
    ],
)
def test_what_cannot_be_tested_is_said_beside_the_field(asked: dict[str, Any], field: str, told: str) -> None:
    make_past(accounts=20, losses=3)
    wanted = {
        "model": make_model().pk,
        "first": "2025-01-31",
        "last": "2026-04-30",
        "windows": ["90"],
        **asked,
    }
    response = client_as("revops").post(reverse("metrics:backtest_new"), wanted)
    said = unescape(response.content.decode())
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in said
    assert told.replace("’", "'") in said.replace("’", "'")
    assert not Backtest.objects.exists()


def test_a_run_can_be_cancelled_and_says_so() -> None:
    make_past(accounts=20, losses=3)
    run = request_backtest(model=make_model(), by=make_user("revops"), first=FIRST, last=month_end(15))
    do_next_step("metrics.backtest", run.pk)
    client = client_as("revops")
    assert "Cancel" in page(run)
    response = client.post(reverse("metrics:backtest_cancel", args=[run.pk]))
    assert response.status_code == 302
    assert "Nothing of it is kept" in page(run)
    assert not run.parts.exists()
    again = client.post(reverse("metrics:backtest_cancel", args=[run.pk]), follow=True)
    assert "too late to stop" in text_of(again)


def test_the_list_names_each_finding_and_what_to_do_without_any(told: Backtest) -> None:
    said = text_of(client_as("leadership").get(reverse("metrics:backtests")))
    assert "Churn within 90 days: It beats tier and usage" in said
    assert reverse("metrics:backtest", args=[told.pk]) in said
    rows = lines_of(client_as("revops").get(reverse("metrics:backtests") + "?export=csv"))
    assert [row["Backtest"] for row in rows] == [str(told.pk)]
    Backtest.objects.all().delete()
    empty = text_of(client_as("revops").get(reverse("metrics:backtests")))
    assert reverse("metrics:backtest_new") in empty


def test_the_page_of_a_version_leads_to_its_test() -> None:
    make_past(accounts=12, losses=2)
    model = make_model()
    said = text_of(client_as("revops").get(model.get_absolute_url()))
    assert f"{reverse('metrics:backtest_new')}?model={model.pk}" in said


def test_a_page_of_nothing_is_not_found() -> None:
    client = client_as("revops")
    assert client.get(reverse("metrics:backtest", args=[2**63 - 1])).status_code == 404
    assert client.get("/metrics/backtests/99999999999999999999999/").status_code == 404
