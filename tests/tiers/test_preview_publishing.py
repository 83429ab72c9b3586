"""Publishing applies exactly what was previewed, or says account by account what changed since."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from accounts.models import Account, TierTenure
from common.formatting import format_date
from common.versions.errors import VersionChangedError
from metrics.engine.plan import today
from tests.tiers.facts import began, make_draft, make_worth, plain_rules, publish, set_worth, tier_of
from tests.tiers.test_preview import HARDER, preview, told
from tests.users import make_user
from tiers.assignment.assign import apply_rule_set
from tiers.models import PendingMove, RuleSet
from tiers.preview.publishing import PreviewOutdatedError, publish_preview

DAY = timedelta(days=1)
ACCOUNTS = 100_000


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
    published = publish_preview(run=run, by=make_user("revops"))
    assert (published.state, rules.pk != published.pk) == ("published", True)
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
    with pytest.raises(PreviewOutdatedError) as refused:
        publish_preview(run=run, by=by)
    found = {one.account_id: (one.previewed, one.now) for one in refused.value.differences}
    assert refused.value.count == 2
    assert found[rises.pk][0] == "Growth to Strategic at once"
    assert found[rises.pk][1].startswith("Growth to Standard if it lasts until ")
    assert found[falls.pk][0] == "stays"
    assert found[falls.pk][1].startswith("Strategic to Growth if it lasts until ")
    assert (tier_of(rises), RuleSet.objects.published().get().version) == ("growth", 1)
    set_worth(stays, 999_999)
    with pytest.raises(PreviewOutdatedError) as again:
        publish_preview(run=run, by=by, accepted=refused.value.token)
    assert again.value.count == 3, "what came after the list was shown is not swept along"
    publish_preview(run=run, by=by, accepted=again.value.token)
    assert (tier_of(stays), tier_of(rises)) == ("strategic", "growth")
    assert PendingMove.objects.count() == 2


@pytest.mark.django_db
def test_only_a_whole_preview_of_now_is_published_and_only_by_revops() -> None:
    make_worth(60_000)
    draft = make_draft(HARDER)
    run = preview(draft, as_of=today() - 10 * DAY)
    by = make_user("revops")
    with pytest.raises(ValidationError, match="past day"):
        publish_preview(run=run, by=by)
    run = preview(draft)
    with pytest.raises(PermissionDenied):
        publish_preview(run=run, by=make_user("leadership"))
    run.state = "running"
    run.save(update_fields=["state"])
    with pytest.raises(ValidationError, match="done"):
        publish_preview(run=run, by=by)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_previews_at_once_one_wins_and_the_other_gets_the_difference() -> None:
    account = make_worth(150_000)
    by = make_user("revops")
    publish(by=by)
    apply_rule_set()
    runs = [preview(make_draft(HARDER, by)), preview(make_draft(plain_rules(minimum_dwell_days=10), by))]
    ready = threading.Barrier(2)
    outcomes: dict[int, Any] = {}

    def attempt(place: int) -> None:
        try:
            ready.wait(timeout=20)
            outcomes[place] = publish_preview(run=runs[place], by=by)
        except VersionChangedError as error:
            outcomes[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    lost = [one for one in outcomes.values() if isinstance(one, VersionChangedError)]
    won = [one for one in outcomes.values() if isinstance(one, RuleSet)]
    assert (len(won), len(lost)) == (1, 1), outcomes
    assert lost[0].differences
    assert Account.objects.get(pk=account.pk).tier_tenures.count() == 1


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
    with pytest.raises(PreviewOutdatedError) as refused:
        publish_preview(run=run, by=by)
    day = [format_date(today() + days * DAY) for days in (80, 70)]
    assert {one.name: (one.previewed, one.now) for one in refused.value.differences} == {
        "Rises": ("Standard to Growth at once", "Standard to Strategic at once"),
        "Falls": (
            f"Strategic to Growth after its dwell on {day[0]}",
            f"Strategic to Growth after its dwell on {day[1]}",
        ),
    }
