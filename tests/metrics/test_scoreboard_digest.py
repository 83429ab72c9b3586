"""The weekly message of the scoreboard: to whom, when, what it says, and once whatever happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from metrics.models import SegmentValue
from metrics.scoreboard.digest import TOPIC, compose, write_digests
from metrics.scoreboard.registry import STRATEGIC
from metrics.tasks import write_score_digests
from people.access import access_of
from people.models import Notice, NoticeChannel, NoticePreference, User
from people.notices import sending
from people.notices.preferences import change_wish, turn_of
from people.notices.topics import Reader
from tests.metrics.facts import TODAY, ago
from tests.metrics.test_scoreboard import store
from tests.users import client_of, make_user

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 23, 7, 5, tzinfo=UTC)


@pytest.fixture
def figures() -> None:
    """A board on two nights a week apart: health turned from near to met, NRR fell and stayed near."""
    for day, health, nrr in ((ago(7), 78, "1.19"), (TODAY, 82, "1.17")):
        store("metrics.health_mean", health, day)
        store("finance.nrr", nrr, day, STRATEGIC)
        store("support.csat", "0.5", day)


def sent() -> dict[str, Any]:
    """Send what is due; return the mails by address."""
    mail.outbox.clear()
    sending.send_due()
    return {message.to[0]: message for message in mail.outbox}


def test_each_wishes_hour_and_day_come_once_a_week(figures: None) -> None:
    leader = make_user("leadership")
    assert write_digests(MONDAY - timedelta(minutes=10)) == 0  # not yet seven
    for minutes in range(0, 60 * 24 * 7, 15):
        write_digests(MONDAY + timedelta(minutes=minutes))
    assert Notice.objects.filter(user=leader).values_list("about", "event").get() == (
        f"{TOPIC}:2026-W48",
        "weekly",
    )
    assert list(sent()) == [leader.email]
    assert sent() == {}
    write_digests(MONDAY + timedelta(days=7))
    assert list(sent()) == [leader.email]


def test_a_changed_weekday_makes_no_second_mail_of_a_week(figures: None) -> None:
    leader = make_user("leadership")
    write_digests(MONDAY)
    change_wish(user=leader, topic=TOPIC, is_wanted=True, weekday=2)
    write_digests(MONDAY + timedelta(days=2))
    assert Notice.objects.count() == 1
    write_digests(MONDAY + timedelta(days=7))
    assert Notice.objects.count() == 1
    write_digests(MONDAY + timedelta(days=9))
    assert Notice.objects.count() == 2


def test_seven_in_the_morning_is_everybodys_own(figures: None) -> None:
    make_user("leadership", time_zone="Asia/Tokyo")
    make_user("finance", time_zone="America/Los_Angeles")
    assert write_digests(datetime(2026, 11, 22, 22, 0, tzinfo=UTC)) == 1  # Monday, 7:00 in Tokyo
    assert write_digests(datetime(2026, 11, 23, 14, 59, tzinfo=UTC)) == 1
    assert Notice.objects.count() == 1
    write_digests(datetime(2026, 11, 23, 15, 0, tzinfo=UTC))
    assert Notice.objects.count() == 2


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"]),
    st.integers(0, 6),
)
def test_every_week_has_one_turn(moment: datetime, zone: str, weekday: int) -> None:
    start = moment.replace(tzinfo=UTC)
    turns = [turn_of(start + timedelta(hours=hours), zone=zone, weekday=weekday) for hours in range(24 * 15)]
    named = [turn for place, turn in enumerate(turns) if turn and turn != (turns[place - 1] if place else "")]
    assert len(named) == len(set(named))
    assert 2 <= len(named) <= 3


def test_a_night_without_workers_is_caught_up_with_but_not_a_week() -> None:
    assert turn_of(MONDAY + timedelta(hours=30), zone="UTC", weekday=0) == "2026-W48"
    assert turn_of(MONDAY + timedelta(hours=40), zone="UTC", weekday=0) == ""
    assert turn_of(datetime(2027, 1, 3, 8, tzinfo=UTC), zone="UTC", weekday=6) == "2026-W53"


def test_only_who_answers_for_lines_gets_it_unless_they_say_otherwise(figures: None) -> None:
    finance, lawyer, seller = (make_user(function) for function in ("finance", "legal", "sales"))
    change_wish(user=lawyer, topic=TOPIC, is_wanted=True)
    change_wish(user=seller, topic=TOPIC, is_wanted=False)
    gone = make_user("support")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    write_digests(MONDAY)
    assert sorted(sent()) == sorted([finance.email, lawyer.email])


def test_it_says_ones_own_lines_first_and_what_changed(figures: None) -> None:
    make_user("support")
    write_digests(MONDAY)
    message = next(iter(sent().values()))
    body = message.body
    assert message.subject == "Scoreboard of 20 Nov 2026: 1 of 2 targets are met, 1 missed"
    assert body.index("What you answer for") < body.index("CSAT") < body.index("The other lines")
    assert "CSAT: 50.0%, target ≥ 95%, missed" in body
    changed = body[body.index("Changed since last week") : body.index("What you answer for")]
    assert (
        "✓ Health score: 82.0\u00a0points, target ≥ 80\u00a0points, met, was near, +4.0\u00a0points in a week"
        in changed
    )
    assert "CSAT" not in changed
    assert f"http://localhost:8000/scoreboard/support.csat/?as_of={TODAY}" in body
    assert "http://localhost:8000/people/me/#mails" in body
    (html, kind) = message.alternatives[0]
    assert kind == "text/html"
    for told in ("Health score", "Changed since last week", "What you answer for", "people/me/#mails"):
        assert told in html
    assert message.extra_headers["List-Unsubscribe"] == "<http://localhost:8000/people/me/#mails>"


def test_what_may_not_be_read_is_left_out_and_said(figures: None) -> None:
    make_user("support")
    write_digests(MONDAY)
    message = next(iter(sent().values()))
    for text in (message.body, message.alternatives[0][0]):
        assert "NRR" not in text
        assert "117" not in text
        assert "lines are not shown to your function" in text


def test_a_repeat_of_a_dead_workers_mail_is_the_same_though_a_night_came_between(figures: None) -> None:
    make_user("leadership")
    write_digests(MONDAY)
    mail.outbox.clear()
    parcel = sending.claim_parcel()
    assert parcel is not None
    assert parcel.user is not None
    sending.mail_of(parcel.user, parcel.topic, parcel.notices).send()  # and here it is killed
    store("metrics.health_mean", 10, TODAY + timedelta(days=1))
    Notice.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert sending.send_due() == 1
    first, second = mail.outbox
    assert first.body == second.body
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]
    assert sending.send_due() == 0


def test_a_channel_gets_it_on_its_own_day_with_links_and_without_mentions(figures: None) -> None:
    channel = NoticeChannel.objects.create(
        name="#c", url="x", host="h", function="leadership", topics=[TOPIC], weekday=1, time_zone="UTC"
    )
    NoticeChannel.objects.create(name="#other", url="x", host="h", function="sales", topics=[])
    assert write_digests(MONDAY) == 0
    assert write_digests(MONDAY + timedelta(days=1)) == 1
    assert write_digests(MONDAY + timedelta(days=1, hours=1)) == 1
    notice = Notice.objects.get()
    assert notice.channel == channel
    SegmentValue.objects.filter(key="finance.nrr").update(value="1.3")
    text = compose(Reader(access_of(channel.function)), [notice]).slack
    assert f"<http://localhost:8000/scoreboard/finance.nrr/?as_of={TODAY}|NRR (Strategic)>: 130.0%" in text
    assert "target ≥ 120%" in text
    assert "<!" not in text


def test_without_a_night_nobody_is_told() -> None:
    make_user("leadership")
    assert write_digests(MONDAY) == 0


def test_without_a_week_before_nothing_is_said_to_have_changed() -> None:
    make_user("leadership")
    store("metrics.health_mean", 10, ago(90))
    store("metrics.health_mean", 82)
    write_digests(MONDAY)
    body = next(iter(sent().values())).body
    assert "Changed since" not in body
    assert "in a week" not in body
    assert "Health score: 82.0" in body


def test_a_person_turns_it_off_and_on_with_a_day(figures: None) -> None:
    leader = make_user("leadership")
    client = client_of(leader)
    assert (
        'id="wanted-scoreboard" name="wanted-scoreboard" checked'
        in client.get("/people/me/").content.decode()
    )
    client.post("/people/me/mails/", {"weekday-scoreboard": "4"})
    assert "scoreboard" in client.get("/people/me/").content.decode()
    wishes = NoticePreference.objects.filter(topic=TOPIC)
    assert wishes.values_list("is_wanted", "weekday").get() == (False, 4)
    write_digests(MONDAY)
    assert not Notice.objects.exists()
    client.post("/people/me/mails/", {"wanted-scoreboard": "on", "weekday-scoreboard": "0"})
    write_digests(MONDAY)
    assert Notice.objects.filter(user=leader).exists()
    for odd in ("7", "x", "²", "-1", ""):
        client.post("/people/me/mails/", {"weekday-scoreboard": odd})
    assert wishes.get().weekday == 0
    for topic, day in (("approvals", 0), ("no such", 0), (TOPIC, 9)):
        with pytest.raises(ValidationError):
            change_wish(user=leader, topic=topic, is_wanted=False, weekday=day)


def test_the_schedule_calls_it(figures: None, monkeypatch: Any) -> None:
    make_user("leadership")
    monkeypatch.setattr("metrics.tasks.timezone.now", lambda: MONDAY)
    assert write_score_digests() == 1


def test_a_channel_reads_how_many_lines_are_closed_to_it(figures: None) -> None:
    notice = Notice(topic=TOPIC, about="a", event="weekly", text="x", url=f"/scoreboard/?as_of={TODAY}")
    text = compose(Reader(access_of("marketing")), [notice]).slack
    assert text.splitlines()[-1].endswith("lines are not shown to your function.")
    assert "NRR" not in text
