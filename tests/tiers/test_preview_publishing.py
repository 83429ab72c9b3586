"""Publishing applies exactly what was previewed, or says account by account what changed since."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from accounts.models import Account, TierTenure
from common.formatting import format_date
from common.versions.errors import VersionChangedError
from metrics.engine import plan as plan_module
from metrics.engine.plan import today
from metrics.runs.work import do_next_step, work_off
from people.models import User
from tests.tiers.facts import began, make_draft, make_worth, plain_rules, publish, set_worth, tier_of
from tests.tiers.test_preview import HARDER, preview, told
from tests.users import make_user
from tiers.assignment.assign import apply_rule_set
from tiers.models import NearBoundary, PendingMove, PreviewRun, Publication, PublicationVerdict, RuleSet
from tiers.publication.services import cancel_publication, request_publication
from tiers.tasks import keep_tiers

DAY = timedelta(days=1)
ACCOUNTS = 100_000
KIND = "tiers.publication"


def publish_preview(run: PreviewRun, by: User | None = None, accepted: str = "") -> Publication:
    """Have a preview published and let workers do it."""
    asked = request_publication(preview=run, by=by or make_user("revops"), accepted=accepted)
    assert not work_off(KIND, asked.pk, seconds=600)
    asked.refresh_from_db()
    return asked


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db
def test_a_preview_at_100_000_accounts_then_publish_makes_the_same_moves_account_by_account() -> None:
    rules = publish(plain_rules())
    execute(
        "INSERT INTO accounts_account (name, domain, industry, country, currency, lifecycle, owner_email,"
        " sponsor_email, workspace_ids, custom) SELECT 'Account ' || n, '', '', '', '', 'customer', '', '', '{}', '{}'"
        f" FROM generate_series(1, {ACCOUNTS}) AS n"
    )
    execute(
        "INSERT INTO accounts_standing (account_id, arr, health_band) "
        "SELECT id, (hashint8(id) & 262143)::numeric, 'unknown' FROM accounts_account"
    )
    apply_rule_set()
    # Some have been where they are for long, some have come lately; some are worth something else by now.
    execute(
        "UPDATE accounts_tiertenure SET during = daterange(CURRENT_DATE - (50 + account_id % 100)::integer, NULL)"
    )
    execute(
        "UPDATE accounts_standing SET arr = arr * (1 + (hashint8(account_id + 7) & 255) / 128.0)"
        " WHERE account_id % 3 = 0"
    )
    run = preview(make_draft(HARDER))
    assert run.state == "done", run.error
    said = told(run)
    held = dict(TierTenure.objects.filter(during__endswith=None).values_list("account_id", "tier__slug"))
    published = publish_preview(run)
    assert published.state == "done", published.error
    assert RuleSet.objects.published().get() == published.rule_set != rules
    became = dict(TierTenure.objects.filter(during__endswith=None).values_list("account_id", "tier__slug"))
    moved = {pk: ("now", held[pk], tier) for pk, tier in became.items() if held[pk] != tier}
    waiting = {
        pk: (why, before, after)
        for pk, why, before, after in PendingMove.objects.values_list(
            "account_id", "why", "from_tier__slug", "to_tier__slug"
        )
    }
    assert len(became) == ACCOUNTS
    assert min(len(moved), len(waiting)) > 1_000, (len(moved), len(waiting))
    assert said == moved | waiting
    assert (published.moved, published.moves) == (len(moved), len(moved))
    assert not PublicationVerdict.objects.exists()
    assert apply_rule_set() == 0, "and nothing is left to do"


@pytest.mark.django_db
def test_what_changed_since_is_listed_and_nothing_applied_until_it_is_accepted() -> None:
    rises, stays, falls = make_worth(60_000), make_worth(60_000), make_worth(300_000)
    publish()
    apply_rule_set()
    for one in (rises, stays, falls):
        began(one, today() - 400 * DAY)
    set_worth(rises, 500_000)
    by = make_user("revops")
    run = preview(make_draft(HARDER, by))
    set_worth(rises, 30_000)
    set_worth(falls, 60_000)
    refused = publish_preview(run, by)
    assert (refused.state, refused.decided_at) == ("failed", None)
    summary = refused.summary or {}
    found = {one["account_id"]: (one["previewed"], one["now"]) for one in summary["differences"]}
    assert summary["count"] == 2
    assert found[rises.pk][0] == "Growth to Strategic at once"
    assert found[rises.pk][1].startswith("Growth to Standard if it lasts until ")
    assert found[falls.pk][0] == "stays"
    assert found[falls.pk][1].startswith("Strategic to Growth if it lasts until ")
    assert (tier_of(rises), RuleSet.objects.published().get().version) == ("growth", 1)
    assert not PublicationVerdict.objects.exists()
    set_worth(stays, 999_999)
    again = publish_preview(run, by, summary["token"])
    assert (again.state, (again.summary or {})["count"]) == ("failed", 3), (
        "what came after the list was shown is not swept along"
    )
    done = publish_preview(run, by, (again.summary or {})["token"])
    assert (done.state, done.summary) == ("done", {"accepted": 3}), done.error
    assert (tier_of(stays), tier_of(rises)) == ("strategic", "growth")
    assert PendingMove.objects.count() == 2


@pytest.mark.django_db
def test_only_a_whole_preview_of_now_is_published_and_only_by_revops() -> None:
    make_worth(60_000)
    draft = make_draft(HARDER)
    run = preview(draft, as_of=today() - 10 * DAY)
    by = make_user("revops")
    with pytest.raises(ValidationError, match="past day"):
        publish_preview(run, by)
    run = preview(draft)
    with pytest.raises(PermissionDenied):
        publish_preview(run, make_user("leadership"))
    run.state = "running"
    run.save(update_fields=["state"])
    with pytest.raises(ValidationError, match="done"):
        publish_preview(run, by)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_previews_at_once_one_wins_and_the_other_gets_the_difference() -> None:
    account = make_worth(150_000)
    by = make_user("revops")
    publish(by=by)
    apply_rule_set()
    runs = [preview(make_draft(HARDER, by)), preview(make_draft(plain_rules(minimum_dwell_days=10), by))]
    asked = [request_publication(preview=run, by=by) for run in runs]
    ready = threading.Barrier(2)

    def work(pk: int) -> None:
        try:
            ready.wait(timeout=20)
            for _ in range(3):
                work_off(KIND, pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(one.pk,)) for one in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    for one in asked:
        one.refresh_from_db()
    assert sorted(one.state for one in asked) == ["done", "failed"], [one.error for one in asked]
    [lost] = [one for one in asked if one.state == "failed"]
    [won] = [one for one in asked if one.state == "done"]
    assert "was published by" in lost.error
    assert (lost.summary or {})["changes"]
    assert RuleSet.objects.published().get() == won.rule_set
    assert Account.objects.get(pk=account.pk).tier_tenures.count() == 1
    with pytest.raises(VersionChangedError):
        request_publication(preview=runs[asked.index(lost)], by=by)


def sliced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "SMALLEST_SLICE", 1)


def begun(count: int) -> tuple[list[Account], Publication]:
    """Return accounts that move up by a publication that is asked for."""
    accounts = [make_worth(60_000) for _ in range(count)]
    publish()
    apply_rule_set()
    for one in accounts:
        began(one, today() - 400 * DAY)
        set_worth(one, 500_000)
    draft = make_draft(HARDER)
    return accounts, request_publication(preview=preview(draft), by=make_user("revops"))


@pytest.mark.django_db
def test_nothing_is_half_published_and_what_is_moved_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    sliced(monkeypatch)
    accounts, run = begun(8)
    plan = [kind for kind, *_ in run.plan]
    assert plan == ["compare"] * 4 + ["decide"] + ["move"] * 4 + ["near"] * 4 + ["end"]
    for _ in range(4):
        assert do_next_step(KIND, run.pk)
    assert RuleSet.objects.published().get().version == 1
    assert {tier_of(one) for one in accounts} == {"growth"}
    assert do_next_step(KIND, run.pk), "the decision"
    run.refresh_from_db()
    assert RuleSet.objects.published().get() == run.rule_set
    assert (run.moved, run.moves) == (0, 8)
    assert {tier_of(one) for one in accounts} == {"growth"}
    with pytest.raises(ValidationError):
        cancel_publication(run=run, by=make_user("revops"))
    for number in range(1, 5):
        assert do_next_step(KIND, run.pk)
        run.refresh_from_db()
        assert run.moved == 2 * number == sum(tier_of(one) == "strategic" for one in accounts)
    assert RuleSet.objects.published().get().applied_at is None
    assert not work_off(KIND, run.pk)
    run.refresh_from_db()
    assert (run.state, run.rule_set.applied_at is not None) == ("done", True)


@pytest.mark.django_db
def test_what_was_compared_is_what_is_applied_whatever_is_written_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sliced(monkeypatch)
    accounts, run = begun(4)
    for _ in range(5):
        assert do_next_step(KIND, run.pk)
    for one in accounts:
        set_worth(one, 1)
    keep_tiers()
    assert {tier_of(one) for one in accounts} == {"growth"}, "the tick leaves the moves to the publication"
    assert not work_off(KIND, run.pk)
    assert {tier_of(one) for one in accounts} == {"strategic"}


@pytest.mark.django_db
def test_it_is_cancelled_before_it_is_decided_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sliced(monkeypatch)
    accounts, run = begun(4)
    by = make_user("revops")
    assert request_publication(preview=run.preview, by=by) == run
    assert do_next_step(KIND, run.pk)
    assert PublicationVerdict.objects.exists()
    with pytest.raises(PermissionDenied):
        cancel_publication(run=run, by=make_user("sales"))
    cancel_publication(run=run, by=by)
    assert not work_off(KIND, run.pk)
    assert not PublicationVerdict.objects.exists()
    assert RuleSet.objects.published().get().version == 1
    assert publish_preview(run.preview, by).state == "done"
    assert {tier_of(one) for one in accounts} == {"strategic"}


@pytest.mark.django_db
def test_another_version_takes_over_from_one_that_is_still_moving(monkeypatch: pytest.MonkeyPatch) -> None:
    sliced(monkeypatch)
    accounts, run = begun(4)
    for _ in range(6):
        assert do_next_step(KIND, run.pk)
    publish(plain_rules(note="Back"))
    assert not do_next_step(KIND, run.pk)
    run.refresh_from_db()
    assert (run.state, "took its place" in run.error) == ("failed", True)
    assert not PublicationVerdict.objects.exists()
    keep_tiers()
    assert {tier_of(one) for one in accounts} == {"strategic"}, "500,000 are large by these rules too"
    assert RuleSet.objects.published().get().applied_at is not None


@pytest.mark.django_db
def test_a_publication_that_dies_behind_its_decision_is_finished_by_the_tick(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sliced(monkeypatch)
    accounts, run = begun(4)
    for _ in range(6):
        assert do_next_step(KIND, run.pk)
    Publication.objects.filter(pk=run.pk).update(attempts=99)
    assert not do_next_step(KIND, run.pk)
    run.refresh_from_db()
    assert run.state == "failed"
    keep_tiers()
    assert {tier_of(one) for one in accounts} == {"strategic"}
    assert NearBoundary.objects.count() == 0


@pytest.mark.django_db
def test_a_day_that_begins_meanwhile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    _, run = begun(2)
    monkeypatch.setattr("tiers.publication.work.today", lambda: today() + DAY)
    assert not work_off(KIND, run.pk)
    run.refresh_from_db()
    assert (run.state, "new day" in run.error) == ("failed", True)
    assert RuleSet.objects.published().get().version == 1


@pytest.mark.django_db
def test_another_tier_and_another_day_are_changes_too() -> None:
    rises, falls = make_worth(10_000, name="Rises"), make_worth(300_000, name="Falls")
    publish()
    apply_rule_set()
    began(rises, today() - 400 * DAY)
    began(falls, today() - 10 * DAY)
    set_worth(rises, 60_000)
    set_worth(falls, 60_000)
    by = make_user("revops")
    run = preview(make_draft(HARDER, by))
    set_worth(rises, 500_000)
    began(falls, today() - 20 * DAY)
    refused = publish_preview(run, by)
    assert refused.state == "failed"
    day = [format_date(today() + days * DAY) for days in (80, 70)]
    found = (refused.summary or {})["differences"]
    assert {one["name"]: (one["previewed"], one["now"]) for one in found} == {
        "Rises": ("Standard to Growth at once", "Standard to Strategic at once"),
        "Falls": (
            f"Strategic to Growth after its dwell on {day[0]}",
            f"Strategic to Growth after its dwell on {day[1]}",
        ),
    }
