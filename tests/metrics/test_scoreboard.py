"""The scoreboard: what lines are held to, how they stand, who sees them, and what stands behind a figure."""

from __future__ import annotations

import re
import threading
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account
from metrics.models import Goal, MetricValue, RefreshRun, ScoreTarget, SegmentValue
from metrics.registry import account_parts, segment_definitions
from metrics.scoreboard.accounts import BEST, SHOWN, WORST, read_accounts
from metrics.scoreboard.judging import Held, Verdict, held_to, verdict_of
from metrics.scoreboard.reading import Days, read_board, read_days, read_groups
from metrics.scoreboard.registry import STRATEGIC, WHOLE, score_lines
from metrics.scoreboard.targets import remove_target, set_target
from people.access import access_of
from people.configuration.files import plan_import
from people.configuration.registry import ConfigError
from people.models import User
from tests.metrics.facts import TODAY, ago, make_account
from tests.metrics.test_workers import in_threads
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

NRR = score_lines["finance.nrr"]
HEALTH = score_lines["metrics.health"]
DEPTH = score_lines["product.depth"]
ESCALATIONS = score_lines["support.escalations"]


def night(as_of: date = TODAY) -> None:
    RefreshRun.objects.create(as_of=as_of, state="done", finished_at=timezone.now())


def store(key: str, value: Any, as_of: date = TODAY, segment: tuple[str, str] = WHOLE, **more: Any) -> None:
    """Store a figure of a day; the night is made with it."""
    if not RefreshRun.objects.filter(as_of=as_of).exists():
        night(as_of)
    SegmentValue.objects.create(
        key=key,
        as_of=as_of,
        dimension=segment[0],
        member=segment[1],
        value=None if value is None else Decimal(str(value)),
        accounts=more.pop("accounts", 3),
        **more,
    )


def target(value: Any, starts_on: date, segment: tuple[str, str] = WHOLE, **more: Any) -> ScoreTarget:
    given = {
        "line": "metrics.health",
        "goal": "at_least",
        "reason": "Agreed.",
        "by": make_user("revops"),
    } | more
    return set_target(
        segment=segment, value=None if value is None else Decimal(value), starts_on=starts_on, **given
    )


def cell_of(key: str, function: str = "leadership", asked: tuple[str, str] | None = None) -> Any:
    days = read_days(None)
    assert days is not None
    line = score_lines[key]
    segment = asked or line.segment
    return read_board(access_of(function), days, None, [line], [segment]).cell(line, segment)


@pytest.fixture
def revops() -> User:
    return make_user("revops")


def judged(line: Any, goal: Goal, value: Any, actual: Any, change: Any = None) -> Verdict:
    held = Held(goal, None if value is None else Decimal(str(value)))
    return verdict_of(
        line,
        held,
        None if actual is None else Decimal(str(actual)),
        None if change is None else Decimal(str(change)),
    )


def test_a_figure_meets_nears_or_misses_what_it_is_held_to() -> None:
    at_least = [judged(HEALTH, Goal.AT_LEAST, 80, actual) for actual in (80, 79.9, 75, 74.9, None)]
    assert at_least == [Verdict.MET, Verdict.NEAR, Verdict.NEAR, Verdict.MISSED, Verdict.UNKNOWN]
    above = [judged(NRR, Goal.ABOVE, 0.9, actual) for actual in (0.9001, 0.9, 0.85, 0.8499)]
    assert above == [Verdict.MET, Verdict.NEAR, Verdict.NEAR, Verdict.MISSED]
    below = [judged(HEALTH, Goal.BELOW, 30, actual) for actual in (29.9, 30, 35, 35.1)]
    assert below == [Verdict.MET, Verdict.NEAR, Verdict.NEAR, Verdict.MISSED]
    assert judged(HEALTH, Goal.AT_MOST, 0, 0) is Verdict.MET
    assert judged(HEALTH, Goal.NONE, None, 10) is Verdict.FREE


def test_a_trend_is_judged_by_its_change_alone() -> None:
    rising = [judged(DEPTH, Goal.RISING, None, 5, change) for change in (0.1, 0, -0.5, -0.6, None)]
    assert rising == [Verdict.MET, Verdict.NEAR, Verdict.NEAR, Verdict.MISSED, Verdict.UNKNOWN]
    falling = [judged(DEPTH, Goal.FALLING, None, 5, change) for change in (-0.1, 0, 0.5, 0.6)]
    assert falling == [Verdict.MET, Verdict.NEAR, Verdict.NEAR, Verdict.MISSED]


@given(st.decimals(-1000, 1000, places=2), st.decimals(-1000, 1000, places=2))
def test_better_is_never_judged_worse(actual: Decimal, value: Decimal) -> None:
    ranks = {Verdict.MISSED: 0, Verdict.NEAR: 1, Verdict.MET: 2}
    for goal, step in ((Goal.AT_LEAST, 1), (Goal.ABOVE, 1), (Goal.AT_MOST, -1), (Goal.BELOW, -1)):
        worse, better = (
            verdict_of(HEALTH, Held(goal, value), each, None) for each in (actual, actual + step)
        )
        assert ranks[better] >= ranks[worse]


def test_the_declaration_holds_until_a_target_begins_and_the_newest_after() -> None:
    target(60, ago(30))
    target(70, ago(10))
    by_day = {}
    for day in (ago(31), ago(30), ago(11), ago(10), TODAY):
        held = {(each.line, each.dimension, each.member): each for each in ScoreTarget.objects.on(day)}
        by_day[day] = held_to(HEALTH, WHOLE, held).value
    assert list(by_day.values()) == [80, 60, 60, 70, 70]


def test_a_segment_is_held_to_its_own_target_else_to_that_of_the_whole() -> None:
    growth, other = ("tier", "growth"), ("tier", "standard")
    assert held_to(HEALTH, growth, {}).value == 80  # declared of all, so of each
    assert held_to(NRR, STRATEGIC, {}).value == Decimal("1.2")
    assert held_to(NRR, growth, {}).goal is Goal.NONE  # declared of one tier alone
    target(70, ago(9))
    target(65, ago(9), growth)
    held = {(each.line, each.dimension, each.member): each for each in ScoreTarget.objects.on(TODAY)}
    assert (held_to(HEALTH, growth, held).value, held_to(HEALTH, growth, held).inherits) == (65, False)
    assert (held_to(HEALTH, other, held).value, held_to(HEALTH, other, held).inherits) == (70, True)


def test_one_target_a_day_and_segment_is_held_by_the_database() -> None:
    first = target(60, TODAY)
    again = target(75, TODAY)
    assert (again.pk, ScoreTarget.objects.get().value) == (first.pk, 75)
    with pytest.raises(IntegrityError), transaction.atomic():
        ScoreTarget.objects.create(
            line="metrics.health", goal="at_least", value=1, starts_on=TODAY, reason="Twice."
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        ScoreTarget.objects.create(
            line="metrics.health", goal="rising", value=1, starts_on=ago(1), reason="R."
        )


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("line", {"line": "no.such"}),
        ("segment", {"segment": ("colour", "red")}),
        ("segment", {"segment": ("all", "growth")}),
        ("segment", {"segment": ("tier", "")}),
        ("goal", {"goal": "best"}),
        ("value", {"goal": "rising"}),
        ("value", {"value": None}),
        ("value", {"value": Decimal("NaN")}),
        ("value", {"value": Decimal(10) ** 18}),
        ("reason", {"reason": "  "}),
        ("reason", {"reason": "x" * 501}),
        ("reason", {"reason": "a\x00b"}),
    ],
)
def test_what_no_target_can_be_is_refused_by_field(field: str, wrong: dict[str, Any], revops: User) -> None:
    right: dict[str, Any] = {
        "line": "metrics.health",
        "segment": WHOLE,
        "goal": "at_least",
        "value": Decimal(70),
        "starts_on": TODAY,
        "reason": "Agreed.",
        "by": revops,
    }
    with pytest.raises(ValidationError) as refused:
        set_target(**right | wrong)
    assert list(refused.value.message_dict) == [field]
    assert not ScoreTarget.objects.exists()


def test_only_revops_sets_targets_and_takes_them_away(revops: User) -> None:
    held = target(60, TODAY)
    sales = make_user("sales")
    with pytest.raises(PermissionDenied):
        target(10, TODAY, by=sales)
    with pytest.raises(PermissionDenied):
        remove_target(target=held, by=sales)
    client = client_of(sales)
    url = "/scoreboard/metrics.health/target/"
    assert (client.get(url).status_code, client.post(url).status_code) == (403, 403)
    assert client.post(f"{url}{held.pk}/remove/").status_code == 403
    assert "Set a target" not in client.get("/scoreboard/metrics.health/").content.decode()
    assert ScoreTarget.objects.get().value == 60


def test_revops_sets_a_target_by_the_form_in_per_cent_and_takes_it_away(revops: User) -> None:
    store("finance.nrr", "1.1", segment=STRATEGIC)
    client = client_of(revops)
    url = "/scoreboard/finance.nrr/target/"
    assert 'value="120"' in client.get(url).content.decode()  # what holds now
    asked = {
        "segment": "tier:strategic",
        "goal": "at_least",
        "value": "105.5",
        "starts_on": TODAY.isoformat(),
    }
    refused = client.post(url, asked | {"reason": ""})
    assert refused.status_code == 422
    assert "105.5" in refused.content.decode()
    answer = client.post(url, asked | {"reason": "A hard year.", "person": revops.pk})
    assert answer.url == "/scoreboard/finance.nrr/"
    held = ScoreTarget.objects.get()
    assert (held.value, held.author, held.person, (held.dimension, held.member)) == (
        Decimal("1.055"),
        revops,
        revops,
        STRATEGIC,
    )
    page = client.get(answer.url).content.decode()
    assert "A hard year." in page
    assert f"{revops} answers for it" in page
    assert "≥ 105.5%" in client.get("/scoreboard/").content.decode()
    client.post(f"{url}{held.pk}/remove/")
    assert not ScoreTarget.objects.exists()


def test_a_line_says_which_target_holds_which_is_over_and_which_comes(revops: User) -> None:
    store("finance.nrr", "1.1", segment=STRATEGIC)
    for value, days in (("1.05", -40), ("1.1", -10), ("1.25", 30)):
        target(value, TODAY + timedelta(days=days), STRATEGIC, line="finance.nrr", by=revops)
    page = client_of(revops).get("/scoreboard/finance.nrr/")
    states = [(each.value, state) for each, _, state in page.context["targets"]]
    assert states == [
        (Decimal("1.25"), "comes"),
        (Decimal("1.1"), "holds"),
        (Decimal("1.05"), "over"),
    ]
    assert page.context["cell"].held.value == Decimal("1.1")
    assert page.context["coming"] == {"words": "≥ 125%", "starts_on": TODAY + timedelta(days=30)}
    whole = client_of(revops).get("/scoreboard/finance.nrr/?segment=all")
    assert whole.context["coming"] is None  # it is the target of another segment


def test_a_form_answers_whatever_is_posted(revops: User) -> None:
    client = client_of(revops)
    for posted in (
        {},
        {"segment": "tier:\x00", "goal": "x", "value": "nan", "starts_on": "9999-99-99", "person": "x"},
        {"segment": "all", "goal": "rising", "value": "5", "starts_on": TODAY.isoformat(), "reason": "R"},
        {"segment": "all", "goal": "at_least", "value": "9" * 40, "starts_on": "0001-01-01", "reason": "R"},
    ):
        assert client.post("/scoreboard/metrics.health/target/", posted).status_code == 422
    assert not ScoreTarget.objects.exists()


def test_a_cell_compares_with_the_end_of_the_third_month_before() -> None:
    for day, value in ((ago(400), 10), (ago(91), 50), (ago(60), 65), (TODAY, 70)):
        store("metrics.health_mean", value, day)
    cell = cell_of("metrics.health")
    assert (cell.actual, cell.change, cell.since) == (70, 20, ago(91))
    assert cell.trend == [50, 65, 70]  # a year and a day is out
    assert cell.verdict is Verdict.MISSED
    assert cell.target_words == "≥ 80\u00a0points"


def test_a_month_shows_its_last_night() -> None:
    days = [date(2026, 9, 3), date(2026, 9, 29), date(2026, 10, 31), date(2026, 11, 20)]
    for day in days:
        night(day)
    assert read_days(None) == Days(days[1:])
    assert read_days(date(2026, 10, 30)) == Days([days[1]])
    assert Days(days[1:]).before is None
    assert Days([date(2026, 8, 31), *days]).before == date(2026, 8, 31)
    assert read_days(date(2020, 1, 1)) is None


def test_an_earlier_day_is_judged_by_the_target_of_that_day() -> None:
    store("metrics.health_mean", 70, ago(20))
    store("metrics.health_mean", 70)
    target(60, ago(25))
    target(90, ago(5))
    client = client_as("leadership")
    then = client.get(f"/scoreboard/?as_of={ago(20)}")
    now = client.get("/scoreboard/")

    def verdict(answer: Any) -> Verdict:
        found = [cell for group in answer.context["groups"] for cell in group.cells if cell.line is HEALTH]
        return found[0].verdict

    assert (verdict(then), verdict(now)) == (Verdict.MET, Verdict.MISSED)
    assert f"as_of={ago(20)}" in then.content.decode()


def test_the_page_shows_every_line_by_owner_and_says_what_has_no_source() -> None:
    store("metrics.health_mean", "81.5")
    store("finance.nrr", "1.17", segment=STRATEGIC)
    page = client_as("leadership").get("/scoreboard/").content.decode()
    for line in score_lines:
        assert f'href="/scoreboard/{line.key}/' in page
    assert "1 of 2 targets are met, 1 near." in page
    assert "· Strategic" in page
    assert page.count("No source yet:") == 1
    assert "Playbook adherence" in page
    for word in ("Met", "Near", "No figure"):
        assert f"<span>{word}</span>" in page  # never colour alone


def test_before_any_night_the_page_says_what_follows() -> None:
    assert "No refresh has finished yet" in client_as("sales").get("/scoreboard/").content.decode()
    assert client_as("sales").get("/scoreboard/finance.nrr/").status_code == 200
    assert client_as("revops").get("/scoreboard/finance.nrr/target/").status_code == 200
    night()
    for path in ("/scoreboard/", "/scoreboard/finance.nrr/"):
        page = client_as("sales").get(path, {"as_of": "1999-01-01"}).content.decode()
        assert "No figures by this day" in page
        assert "No refresh has finished yet" not in page


def test_a_segment_shows_its_own_figures() -> None:
    store("metrics.health_mean", 80)
    store("metrics.health_mean", 31, segment=("industry", "Food & drink"))
    client = client_as("leadership")
    page = client.get("/scoreboard/", {"segment": "industry:Food & drink"}).content.decode()
    assert "Food &amp; drink" in page
    assert ">31.0<" in page
    assert ">80.0<" not in page
    for odd in ("industry:%00", "colour:red", "tier:", ":", "x" * 500):
        assert client.get("/scoreboard/", {"segment": odd}).status_code == 200


def test_a_line_about_one_segment_is_left_out_of_the_board_of_another() -> None:
    night()
    client = client_as("leadership")
    link = 'href="/scoreboard/support.strategic_issues/'
    for asked, is_there in (("all", True), ("tier:strategic", True), ("industry:Retail", False)):
        page = client.get("/scoreboard/", {"segment": asked}).content.decode()
        assert (link in page) is is_there
        assert 'href="/scoreboard/support.resolution/' in page


def test_a_segment_asked_for_is_named_once_and_not_on_every_line() -> None:
    night()
    page = client_as("leadership").get("/scoreboard/", {"segment": "tier:strategic"}).content.decode()
    assert "· Strategic" not in page


def test_a_forbidden_figure_shows_neither_value_nor_verdict_nor_trend() -> None:
    for day, value in ((ago(91), "0.61"), (TODAY, "1.2345")):
        store("finance.nrr", value, day, STRATEGIC, numerator=12345, denominator=10000)
    for path in ("/scoreboard/", "/scoreboard/finance.nrr/", "/scoreboard/?export=csv"):
        answer = client_as("marketing").get(path)
        body = b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()
        assert "redacted" in body.lower() or "does not read" in body
        for told in ("123.4", "1.2345", "12345", "12,345", "61.0%", "62.4"):
            assert told not in body
    cell = cell_of("finance.nrr", "marketing")
    assert (cell.is_redacted, cell.verdict, cell.accounts) == (True, Verdict.UNKNOWN, None)
    assert "123.5%" in client_as("sales").get("/scoreboard/").content.decode()


def test_accounts_behind_a_figure_come_with_what_they_do_to_it() -> None:
    low, high = make_account("growth", name="Low"), make_account("growth", name="High")
    other = make_account("strategic", name="Other")
    night()
    for account, value in ((low, 40), (high, 90), (other, 65)):
        MetricValue.objects.create(key="metrics.health_score", as_of=TODAY, account=account, value=value)
    definition = segment_definitions["metrics.health_mean"]
    found = read_accounts(definition, WHOLE, TODAY, access_of("sales"))
    assert [row.name for row in found.shown] == ["Low", "Other", "High"]
    assert [row.effect for row in found.shown] == [Decimal("-12.5"), 0, Decimal("12.5")]
    assert (found.total, found.numerator, found.denominator) == (3, 195, 3)
    best = read_accounts(definition, WHOLE, TODAY, access_of("sales"), order=BEST)
    assert [row.name for row in best.shown] == ["High", "Other", "Low"]
    tier = read_accounts(definition, ("tier", "growth"), TODAY, access_of("sales"), order=WORST, limit=1)
    # Tenures place accounts, and nobody has given these any.
    assert (tier.total, tier.why) == (0, "No account has a part in it.")


def test_totals_name_no_account() -> None:
    night()
    definition = segment_definitions["finance.nrr"]
    assert "only totals" in read_accounts(definition, WHOLE, TODAY, access_of("sales")).why
    assert "only totals" not in read_accounts(definition, WHOLE, TODAY, access_of("finance")).why


def test_the_page_costs_few_queries_however_much_there_is(django_assert_max_num_queries: Any) -> None:
    for months in range(13):
        for line in score_lines:
            day = ago(30 * months)
            if not SegmentValue.objects.filter(
                key=line.figure, as_of=day, dimension=line.segment[0]
            ).exists():
                store(line.figure, months, day, line.segment)
    for line in score_lines:
        set_target(
            line=line.key, segment=line.segment, goal="none", value=None, starts_on=TODAY, reason="R", by=None
        )
    client = client_as("leadership")
    client.get("/scoreboard/")
    with django_assert_max_num_queries(12):
        client.get("/scoreboard/")


def test_a_line_says_how_far_from_the_target_still_counts_as_near() -> None:
    store("finance.nrr", "1.17", segment=STRATEGIC)
    page = client_as("finance").get("/scoreboard/finance.nrr/").content.decode()
    assert "Within 5 percentage points of the target it counts as near." in page
    assert "/metrics/explain/finance.nrr/?dimension=tier&amp;member=strategic" in page


def test_no_such_line_is_not_found() -> None:
    client = client_as("revops")
    for path in ("", "target/", "target/1/remove/"):
        assert client.get(f"/scoreboard/no.such/{path}").status_code in (404, 405)
    assert client.post("/scoreboard/metrics.health/target/99/remove/").status_code == 404


def test_groups_hold_every_line_once() -> None:
    night()
    days = read_days(None)
    assert days is not None
    groups = read_groups(access_of("leadership"), days, None, WHOLE)
    keys = [cell.line.key for group in groups for cell in group.cells]
    assert sorted(keys) == sorted(line.key for line in score_lines)


def test_a_merged_or_deleted_account_leaves_the_figures() -> None:
    gone = make_account(name="Gone")
    Account.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
    night()
    MetricValue.objects.create(key="metrics.health_score", as_of=TODAY, account=gone, value=5)
    definition = segment_definitions["metrics.health_mean"]
    assert read_accounts(definition, WHOLE, TODAY, access_of("sales")).total == 0


def test_what_is_declared_of_a_tier_goes_before_a_target_of_all() -> None:
    target("1.0", ago(9), line="finance.nrr")
    target("1.1", ago(9), ("tier", "growth"), line="finance.nrr")
    held = {(each.line, each.dimension, each.member): each for each in ScoreTarget.objects.on(TODAY)}
    assert held_to(NRR, STRATEGIC, held) == Held(Goal.AT_LEAST, Decimal("1.2"))
    assert held_to(NRR, ("tier", "growth"), held).value == Decimal("1.1")
    assert held_to(NRR, ("tier", "standard"), held).value == 1


def test_accounts_behind_a_figure_come_page_by_page() -> None:
    night()
    accounts = [make_account("growth", name=f"Account {number:03}") for number in range(SHOWN + 3)]
    for number, account in enumerate(accounts):
        MetricValue.objects.create(key="metrics.health_score", as_of=TODAY, account=account, value=number)
    store("metrics.health_mean", 26)
    client = client_as("sales")

    def names(**query: Any) -> list[str]:
        page = client.get("/scoreboard/metrics.health/", query)
        assert page.status_code == 200
        return [row.name for row in page.context["behind"].shown]

    first, second = names(), names(page=2)
    assert first + second == [account.name for account in accounts]
    assert names(page=3) == names(page="x") == names(page=0) == names(page="9" * 8) == first
    assert names(page=2, order=BEST) == [account.name for account in accounts[2::-1]]
    page = client.get("/scoreboard/metrics.health/", {"page": 2}).content.decode()
    assert 'rel="prev" href="?page=1#accounts"' in page
    assert 'rel="next"' not in page
    assert 'rel="next" href="?page=2#accounts"' in client.get("/scoreboard/metrics.health/").content.decode()


def test_the_two_sums_of_a_figure_say_what_they_are_of() -> None:
    store("support.first_response_mean", 40, segment=STRATEGIC, numerator=12_000, denominator=300)
    page = client_as("support").get("/scoreboard/support.first_response/").content.decode()
    plain = re.sub(r"<[^>]+>", "", page)
    assert "12,000\u00a0minutes" in plain
    assert "300\u00a0tickets" in plain
    assert "300\u00a0minutes" not in plain


def test_what_waits_for_a_source_has_an_owner() -> None:
    night()
    page = client_as("leadership").get("/scoreboard/").content.decode()
    assert "Playbook adherence (RevOps, at least 80%) waits for" in page


def test_a_file_with_a_segment_that_cannot_be_is_refused_before_anything_is_changed(revops: User) -> None:
    entry = {
        "segment": f"industry:{'x' * 129}",
        "starts_on": "2026-11-01",
        "goal": "at_least",
        "value": 70,
        "person": "",
        "reason": "Agreed.",
    }
    with pytest.raises(ConfigError):
        plan_import({"scoreboard": {"metrics.health": [entry]}})
    with pytest.raises(ValidationError) as refused:
        target(70, TODAY, ("industry", "x" * 129))
    assert list(refused.value.message_dict) == ["segment"]


@pytest.mark.django_db(transaction=True)
def test_two_who_set_the_same_target_at_once_are_no_error() -> None:
    by, meeting = make_user("revops"), threading.Barrier(4)

    def work(value: int) -> None:
        meeting.wait(10)
        target(value, TODAY, by=by)

    in_threads(*[partial(work, value) for value in range(4)])
    assert ScoreTarget.objects.count() == 1


def test_every_figure_opens_to_accounts_or_says_where_they_stand() -> None:
    for line in score_lines:
        assert line.figure in account_parts or line.elsewhere, line.key
    store("engagement.alignment", "0.8", numerator=8, denominator=10)
    page = client_as("sales").get("/scoreboard/engagement.alignment/").content.decode()
    assert f'href="{reverse("accounts:target_lists")}">Target lists, each with' in page
