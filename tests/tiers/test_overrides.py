"""Overrides beat the rules for their time and end by themselves; moves by hand hold until the rules move on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.models import Account, Tier, TierTenure, TimelineEvent
from metrics.engine.plan import today
from people.models import Notice, User
from tests.metrics.facts import make_account, refresh
from tests.tiers.facts import began, make_worth, publish, set_worth, tenures, tier_of
from tests.users import make_user
from tiers.assignment.assign import apply_rule_set, assign_accounts, assign_tiers
from tiers.assignment.due import accounts_due
from tiers.evaluation import tenure_on, tier_held
from tiers.models import PendingMove, RuleSet, TierOverride
from tiers.reminders import remind_of_overrides
from tiers.services import end_override, extend_override, move_by_hand, override_tier
from tiers.tasks import keep_tiers

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def override(account: Account, slug: str, by: User | None = None, **fields: Any) -> TierOverride:
    fields.setdefault("ends_on", today() + 30 * DAY)
    fields.setdefault("reason", "Board member of ours")
    return override_tier(
        account=account, tier=Tier.objects.get(slug=slug), by=by or make_user("revops"), **fields
    )


def pass_time(held: TierOverride, days: int) -> None:
    """Let an override, and the tenure that it made, have begun and end some days earlier."""
    TierOverride.objects.filter(pk=held.pk).update(
        starts_on=held.starts_on - days * DAY, ends_on=held.ends_on - days * DAY
    )
    for tenure in TierTenure.objects.filter(account=held.account_id).order_by("during"):
        during = tenure.during
        lower = during.lower and during.lower - days * DAY
        upper = during.upper and during.upper - days * DAY
        TierTenure.objects.filter(pk=tenure.pk).update(during=type(during)(lower, upper))


def test_an_override_wins_at_once_and_through_the_nights() -> None:
    account, by = make_worth(30_000), make_user("revops", name="Rita Rule")
    publish()
    apply_rule_set()
    began(account, today() - 5 * DAY)
    override(account, "strategic", by)
    assert tier_of(account) == "strategic"
    assert apply_rule_set() == 0
    assert tenures(account)[-1] == ("strategic", today(), None, "override")
    newest = TierTenure.objects.latest("during")
    assert newest.by == by
    assert newest.reason == "override by Rita Rule: Board member of ours"
    assert TimelineEvent.objects.get().title.endswith("override by Rita Rule: Board member of ours")
    assert not PendingMove.objects.exists()


def test_it_ends_by_itself_and_the_account_goes_where_the_rules_put_it_without_waiting() -> None:
    account = make_worth(30_000)
    publish()
    apply_rule_set()
    began(account, today() - 5 * DAY)
    held = override(account, "strategic")
    pass_time(held, 30)
    assert accounts_due(today()) == [account.pk]
    keep_tiers()
    assert tenures(account)[-1] == ("growth", today(), None, "rule")
    assert not PendingMove.objects.exists()
    assert accounts_due(today()) == []


def test_an_override_lends_no_threshold_to_stay_and_takes_none_away() -> None:
    lent, kept = make_worth(95_000), make_worth(100_000)
    publish()
    apply_rule_set()
    set_worth(kept, 95_000)
    assert (tier_of(lent), tier_of(kept)) == ("growth", "strategic")
    for account, slug in ((lent, "strategic"), (kept, "standard")):
        began(account, today() - 5 * DAY)
        pass_time(override(account, slug), 30)
    keep_tiers()
    assert (tier_of(lent), tier_of(kept)) == ("growth", "strategic")


def test_an_override_that_ends_where_the_rules_are_hands_over_without_a_change() -> None:
    account = make_worth(30_000)
    publish()
    apply_rule_set()
    began(account, today() - 5 * DAY)
    held = override(account, "strategic")
    pass_time(held, 30)
    set_worth(account, 500_000)
    keep_tiers()
    assert [(slug, cause) for slug, _, _, cause in tenures(account)] == [
        ("growth", "rule"), ("strategic", "override"), ("strategic", "rule"),
    ]  # fmt: skip
    assert TimelineEvent.objects.count() == 1
    assert keep_tiers() is None
    assert len(tenures(account)) == 3


def test_ending_one_by_hand_the_same_day_leaves_no_trace() -> None:
    account, by = make_worth(30_000), make_user("revops")
    publish()
    apply_rule_set()
    began(account, today() - 5 * DAY)
    held = override(account, "strategic", by)
    end_override(override=held, by=by, reason="A mistake")
    assert tenures(account) == [("growth", today() - 5 * DAY, None, "rule")]
    with pytest.raises(ValidationError, match="ended already"):
        end_override(override=held, by=by)
    again = override(account, "enterprise", by)
    assert tier_of(account) == "enterprise"
    assert again.pk != held.pk


def test_one_that_lies_ahead_begins_on_its_day() -> None:
    account = make_worth(30_000)
    publish()
    apply_rule_set()
    began(account, today() - 5 * DAY)
    held = override(account, "strategic", starts_on=today() + DAY)
    assert tier_of(account) == "growth"
    TierOverride.objects.filter(pk=held.pk).update(starts_on=today())
    assert accounts_due(today()) == [account.pk]
    keep_tiers()
    assert tier_of(account) == "strategic"


def test_overrides_beat_the_crm_too() -> None:
    account = make_account("growth")
    refresh(today() - 2 * DAY)
    held = override(account, "strategic")
    refresh(today())
    assert tenures(account)[-1] == ("strategic", today(), None, "override")
    pass_time(held, 30)
    keep_tiers()
    assert tenures(account)[-1] == ("growth", today(), None, "import")


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"ends_on": today()}, "ends_on"),
        ({"ends_on": today() - DAY}, "ends_on"),
        ({"ends_on": date.max}, "ends_on"),
        ({"starts_on": today() - DAY}, "starts_on"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as refused:
        override(make_account("growth"), "strategic", **fields)
    assert place in refused.value.message_dict


def test_an_account_has_one_override_at_a_time() -> None:
    account, by = make_account("growth"), make_user("revops", name="Rita Rule")
    held = override(account, "strategic", by)
    with pytest.raises(ValidationError, match="Rita Rule has overridden"):
        override(account, "enterprise", by)
    with pytest.raises(IntegrityError, match="one_at_a_time"), transaction.atomic():
        TierOverride.objects.create(
            account=account,
            tier=held.tier,
            reason="x",
            author=by,
            starts_on=today() + 10 * DAY,
            ends_on=today() + 50 * DAY,
        )


def test_author_and_owner_are_reminded_once_before_it_ends() -> None:
    author, owner = make_user("revops"), make_user("customer_success")
    account = make_account("growth", owner_email=owner.email, name="Acme")
    soon = override(account, "strategic", author, ends_on=today() + 14 * DAY)
    override(make_account("growth"), "strategic", author, ends_on=today() + 15 * DAY)
    assert remind_of_overrides() == 1
    assert remind_of_overrides() == 0
    assert set(Notice.objects.values_list("user_id", flat=True)) == {author.pk, owner.pk}
    assert "Acme: the override to Strategic ends on" in Notice.objects.first().text  # type: ignore[union-attr]
    soon.refresh_from_db()
    assert soon.reminded_at is not None


def test_one_that_was_extended_is_told_of_again_and_one_that_ended_no_more() -> None:
    author, account = make_user("revops"), make_account("growth")
    held = override(account, "strategic", author, ends_on=today() + 10 * DAY)
    assert remind_of_overrides() == 1
    Notice.objects.update(sent_at=timezone.now())
    extend_override(override=held, ends_on=today() + 40 * DAY, by=author)
    assert remind_of_overrides() == 0
    extend_override(override=held, ends_on=today() + 12 * DAY, by=author)
    assert remind_of_overrides() == 1
    assert Notice.objects.filter(sent_at=None).count() == 1
    end_override(override=held, by=author, reason="Left")
    assert not Notice.objects.filter(sent_at=None).exists()


def test_where_its_author_has_left_revops_is_reminded() -> None:
    author, colleague = make_user("revops"), make_user("revops", email="other@example.com")
    override(make_account("growth"), "strategic", author, ends_on=today() + 10 * DAY)
    User.objects.filter(pk=author.pk).update(is_active=False)
    assert remind_of_overrides() == 1
    assert set(Notice.objects.values_list("user_id", flat=True)) == {colleague.pk}


def test_a_move_by_hand_holds_until_the_rules_move_it_on() -> None:
    account, by = make_worth(95_000), make_user("revops", name="Rita Rule")
    with pytest.raises(ValidationError, match="CRM"):
        move_by_hand(account=account, tier=Tier.objects.get(slug="strategic"), reason="x", by=by)
    rule_set = publish()
    apply_rule_set()
    began(account, today() - 200 * DAY)
    move_by_hand(account=account, tier=Tier.objects.get(slug="strategic"), reason="Signed yesterday", by=by)
    assert apply_rule_set() == 0, "it is worth enough to stay"
    newest = TierTenure.objects.latest("during")
    assert (newest.cause, newest.by, newest.reason) == ("manual", by, "moved by Rita Rule: Signed yesterday")
    set_worth(account, 1)
    assign_tiers(rule_set=rule_set, on=today() + DAY)
    move = PendingMove.objects.get()
    assert (move.until, move.why) == (today() + 90 * DAY, "dwell")
    override(account, "growth", by)
    with pytest.raises(ValidationError, match="An override holds"):
        move_by_hand(account=account, tier=Tier.objects.get(slug="standard"), reason="x", by=by)
    assert assign_accounts([]) == 0
    assert RuleSet.objects.count() == 1


def test_a_reason_for_the_end_is_kept_without_what_can_not_be_stored() -> None:
    account, by = make_worth(30_000), make_user("revops")
    publish(by=by)
    held = override(account, "strategic", by)
    assert end_override(override=held, by=by, reason="\x00 Left\x00 us ").end_reason == "Left us"


def test_under_an_override_of_a_past_day_counts_what_was_held_before_it_not_what_came_later() -> None:
    account, day = make_account(), date(2026, 2, 1)
    spans = (
        ("growth", None, date(2026, 1, 1), "rule"),
        ("strategic", date(2026, 1, 1), date(2026, 3, 1), "override"),
    )
    for slug, first, last, cause in (*spans, ("enterprise", date(2026, 3, 1), None, "rule")):
        TierTenure.objects.create(
            account=account, tier=Tier.objects.get(slug=slug), during=DateRange(first, last), cause=cause
        )
    asked = Account.objects.filter(pk=account.pk).alias(tiers_tenure=tenure_on(day))
    assert asked.values_list(tier_held(day), flat=True).get() == Tier.objects.get(slug="growth").pk
