"""Previews: who would move, when and why; what it comes to; the year past; and nothing shown before all is known."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.utils import timezone

from accounts.models import Account, ListChange, ListMembership, TargetList, Tier, TierTenure
from metrics.engine.plan import today
from metrics.models import MetricValue, RefreshRun
from metrics.runs.work import do_next_step, work_off
from tests.tiers.facts import (
    at_least,
    began,
    make_draft,
    make_worth,
    plain_rules,
    publish,
    set_worth,
)
from tests.users import make_user
from tiers.assignment.assign import apply_rule_set
from tiers.content import EVERYONE, Content, Points, Rule, Threshold
from tiers.models import PreviewReplay, PreviewRow, PreviewRun, RuleSet
from tiers.preview.reasons import Reasons
from tiers.preview.services import cancel_preview, request_preview
from tiers.preview.tables import repeated
from tiers.services import override_tier, save_draft

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
HARDER = Content(
    rules=(
        Rule(name="Large", tier="strategic", condition=at_least(200_000, 180_000)),
        Rule(name="Middle", tier="growth", condition=at_least(50_000, 45_000)),
        Rule(name="Everyone else", tier="standard", condition=EVERYONE),
    )
)


def preview(draft: RuleSet, **terms: object) -> PreviewRun:
    """Preview a draft to its end."""
    run = request_preview(rule_set=draft, by=make_user("revops"), **terms)  # type: ignore[arg-type]
    assert not work_off("tiers.preview", run.pk, seconds=600)
    run.refresh_from_db()
    return run


def told(run: PreviewRun) -> dict[int, tuple[str, str | None, str | None]]:
    """Return outcome, from and to by account, of those that don't just stay."""
    rows = PreviewRow.objects.filter(run=run).exclude(outcome="stays")
    return {
        account: (outcome, from_tier, to_tier)
        for account, outcome, from_tier, to_tier in rows.values_list(
            "account_id", "outcome", "from_tier__slug", "to_tier__slug"
        )
    }


def test_a_preview_tells_who_would_move_when_and_what_holds_the_others() -> None:
    large, middle, small, held = (make_worth(arr) for arr in (150_000, 30_000, 0, 150_000))
    publish()
    apply_rule_set()
    for one in (large, middle, small, held):
        began(one, today() - 400 * DAY)
    by = make_user("revops")
    override_tier(
        account=held,
        tier=Tier.objects.get(slug="strategic"),
        reason="Asked for",
        by=by,
        ends_on=today() + 30 * DAY,
    )
    set_worth(small, 60_000)
    run = preview(make_draft(HARDER, by))
    assert run.state == "done", run.error
    assert told(run) == {
        large.pk: ("grace", "strategic", "growth"),
        middle.pk: ("grace", "growth", "standard"),
        small.pk: ("now", "standard", "growth"),
        held.pk: ("override", "strategic", "growth"),
    }
    waits = PreviewRow.objects.get(run=run, account=large)
    assert (waits.until, waits.direction, waits.arr) == (today() + 30 * DAY, -1, Decimal(150_000))
    assert run.summary is not None
    assert run.summary["accounts"] == 4
    moves = {(one["from"], one["to"], one["outcome"]): one for one in run.summary["moves"]}
    assert moves["strategic", "growth", "grace"]["arr"] == "150000.00"
    assert moves["standard", "growth", "now"]["accounts"] == 1


def test_a_tenth_around_a_threshold_that_decides_is_near() -> None:
    worth = [make_worth(arr) for arr in (181_000, 219_000, 179_000, 221_000, 46_000, 60_000)]
    publish(HARDER)
    apply_rule_set()
    run = preview(make_draft(HARDER))
    near = set(PreviewRow.objects.filter(run=run, is_near=True).values_list("account_id", flat=True))
    # Who is in is near where it would fall out: 180,000 and 45,000. 179,000 is more than a tenth below 200,000.
    assert near == {worth[0].pk, worth[4].pk}
    assert run.summary is not None
    assert run.summary["near"] == 2


def test_a_past_day_is_asked_with_the_numbers_and_tiers_of_that_day() -> None:
    account = make_worth(10)
    publish(starts_on=today() - 300 * DAY)
    apply_rule_set()
    began(account, today() - 400 * DAY)
    then = today() - 100 * DAY
    RefreshRun.objects.create(as_of=then, cause="test", state="done")
    MetricValue.objects.create(key="finance.arr", as_of=then, account=account, value=70_000)
    run = preview(make_draft(HARDER), as_of=then)
    assert told(run) == {account.pk: ("now", "standard", "growth")}
    assert PreviewRow.objects.get(run=run).arr == 70_000
    with pytest.raises(ValidationError):
        request_preview(rule_set=run.rule_set, by=make_user("revops"), as_of=today())


def test_points_are_previewed_with_their_score() -> None:
    rich, poor = make_worth(150_000), make_worth(1_000)
    publish()
    apply_rule_set()
    content = Content(
        kind="score",
        points=(Points(name="Revenue", points=Decimal(53), condition=at_least(100_000)),),
        thresholds=(
            Threshold(tier="enterprise", enter=Decimal(55), stay=Decimal(50)),
            Threshold(tier="standard"),
        ),
    )
    run = preview(make_draft(content))
    assert run.state == "done", run.error
    row = PreviewRow.objects.get(run=run, account=rich)
    assert (row.score, row.is_near) == (53, True), "within a tenth of the 50 to stay"
    assert poor.pk not in told(run)


def test_what_changes_for_support_pods_and_terms_is_summed_up() -> None:
    day = today() - DAY
    account, other = make_worth(60_000), make_worth(150_000)
    RefreshRun.objects.create(as_of=day, cause="test", state="done")
    MetricValue.objects.create(key="support.tickets_90d", as_of=day, account=account, value=7)
    publish(Content(rules=(Rule(name="Everyone", tier="standard", condition=EVERYONE),)))
    apply_rule_set()
    run = preview(make_draft(HARDER))
    assert run.summary is not None
    assert {(one["class"], one["before"], one["after"]) for one in run.summary["load"]} == {
        ("8 h", 0, 7),
        ("24 h", 7, 0),
    }
    roles = {one["role"]: (one["before"], one["after"]) for one in run.summary["roles"]}
    assert roles["account executive"] == (0, 2)
    assert roles["digital CS"] == (2, 0)
    terms = [one for one in run.summary["terms"] if one["to"] == "growth"]
    assert terms[0]["accounts"] == 2
    assert "first response: 8 h instead of 24 h" in terms[0]["words"]
    assert {account.pk, other.pk} == set(told(run))


def test_rules_may_ask_for_target_lists_and_tell_the_reason_by_their_names() -> None:
    listed, other = make_worth(150_000), make_worth(150_000)
    by = make_user("revops")
    target = TargetList.objects.create(name="Chosen", owner=by, kind="static")
    begun = timezone.now() - DAY
    came = ListChange.objects.create(list=target, number=1, cause="hand", at=begun)
    ListMembership.objects.create(list=target, account=listed, during=(begun, None), came_with=came)
    on_list = {"field": "accounts.in_list", "op": "in", "value": [str(target.pk)]}
    rules = (
        Rule(name="Chosen", tier="strategic", condition={"all": [on_list, at_least(100_000)]}),
        Rule(name="Everyone else", tier="standard", condition=EVERYONE),
    )
    run = preview(make_draft(Content(rules=rules), by))
    assert run.state == "done", run.error
    assert told(run) == {listed.pk: ("first", None, "strategic"), other.pk: ("first", None, "standard")}
    row = PreviewRow.objects.get(run=run, account=listed)
    assert "Chosen" in Reasons(run).of([row])[row.pk]


def months_of_numbers(accounts: dict[Account, list[int]]) -> None:
    """Store ARR at the ends of the last months, oldest first."""
    day = today().replace(day=1) - DAY
    count = len(next(iter(accounts.values())))
    for place in reversed(range(count)):
        RefreshRun.objects.create(as_of=day, cause="test", state="done")
        for account, worth in accounts.items():
            MetricValue.objects.create(key="finance.arr", as_of=day, account=account, value=worth[place])
        day = day.replace(day=1) - DAY


def test_the_year_past_is_replayed_with_hysteresis_and_waits() -> None:
    swings, hovers, grows = (make_worth(1) for _ in range(3))
    months_of_numbers(
        {
            # A demotion waits 30 days; coming back waits until 90 days after it.
            swings: [250_000, 10, 10, 10, 10, 10, 10, 10, 250_000, 250_000, 250_000, 250_000, 250_000],
            hovers: [201_000, 185_000] * 6 + [201_000],
            grows: [10, 60_000, 60_000, *[210_000] * 10],
        }
    )
    publish(HARDER)
    apply_rule_set()
    run = preview(make_draft(HARDER))
    assert run.state == "done", run.error
    moves: dict[int, list[int]] = {}
    for account, direction in (
        PreviewReplay.objects.filter(run=run)
        .order_by("moved_on", "pk")
        .values_list("account_id", "direction")
    ):
        moves.setdefault(account, []).append(direction)
    assert moves == {swings.pk: [-1, 1], grows.pk: [1, 1]}
    assert run.summary is not None
    assert run.summary["repeated"] == 2
    assert [(one["account_id"], one["moves"]) for one in repeated(run)] == [(swings.pk, 2), (grows.pk, 2)]
    assert sum(one["up"] for one in run.summary["months"]) == 3
    assert len(run.summary["months"]) == 12


def test_a_killed_worker_costs_one_step_and_half_a_result_is_none() -> None:
    make_worth(150_000)
    run = request_preview(rule_set=make_draft(HARDER), by=make_user("revops"))
    assert do_next_step("tiers.preview", run.pk)
    run.refresh_from_db()
    assert (run.state, run.position, run.summary) == ("running", 1, None)
    rows = PreviewRow.objects.filter(run=run).count()
    assert not work_off("tiers.preview", run.pk)
    run.refresh_from_db()
    assert run.state == "done"
    assert PreviewRow.objects.filter(run=run).count() == rows
    assert not do_next_step("tiers.preview", run.pk), "a message that comes again changes nothing"


def test_a_draft_saved_meanwhile_ends_its_preview() -> None:
    make_worth(150_000)
    by = make_user("revops")
    draft = make_draft(HARDER, by)
    run = request_preview(rule_set=draft, by=by)
    assert do_next_step("tiers.preview", run.pk)
    save_draft(rule_set=draft, by=by, content=plain_rules(), expected=draft.digest)
    work_off("tiers.preview", run.pk)
    run.refresh_from_db()
    assert (run.state, "saved while" in run.error) == ("failed", True)
    assert not PreviewRow.objects.filter(run=run).exists()


def test_a_preview_is_joined_cancelled_and_old_ones_go() -> None:
    make_worth(150_000)
    by = make_user("revops")
    draft = make_draft(HARDER, by)
    run = request_preview(rule_set=draft, by=by)
    assert request_preview(rule_set=draft, by=by) == run
    assert do_next_step("tiers.preview", run.pk)
    cancel_preview(run=run, by=by)
    assert not do_next_step("tiers.preview", run.pk)
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert not PreviewRow.objects.filter(run=run).exists()
    with pytest.raises(ValidationError):
        cancel_preview(run=run, by=by)
    for _ in range(7):
        preview(draft)
    assert draft.previews.count() == 5
    with pytest.raises(PermissionDenied):
        request_preview(rule_set=draft, by=make_user("sales"))


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_do_each_step_once() -> None:
    for _ in range(20):
        make_worth(150_000)
    publish()
    apply_rule_set()
    run = request_preview(rule_set=make_draft(HARDER), by=make_user("revops"))

    def work() -> None:
        try:
            for _ in range(20):
                work_off("tiers.preview", run.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    run.refresh_from_db()
    assert run.state == "done", run.error
    assert PreviewRow.objects.filter(run=run).count() == 20
    assert TierTenure.objects.count() == 20, "nothing is written beside"


def test_each_reason_is_the_finding_over_the_values_that_were_read() -> None:
    account = make_worth(150_000)
    publish()
    apply_rule_set()
    began(account, today() - 400 * DAY)
    run = preview(make_draft(HARDER))
    set_worth(account, 5)
    reason = Reasons(run).of(PreviewRow.objects.filter(run=run))[PreviewRow.objects.get(run=run).pk]
    assert reason.startswith("No longer “Large”: ARR $150,000 ≥ $180,000 to stay: no."), reason
    assert "“Middle”: ARR $150,000 ≥ $45,000 to stay: yes." in reason


def test_the_reason_under_an_override_is_that_of_the_rule_which_would_decide() -> None:
    account = make_worth(95_000)
    publish()
    apply_rule_set()
    by, top = make_user("revops"), Tier.objects.get(slug="strategic")
    override_tier(account=account, tier=top, reason="Asked for", by=by, ends_on=today() + 9 * DAY)
    run = preview(make_draft(HARDER, by))
    row = PreviewRow.objects.get(run=run)
    assert row.outcome == "override"
    assert Reasons(run).of([row])[row.pk] == "“Middle”: ARR $95,000 ≥ $50,000: yes."
