"""Channels of Slack: whose address nobody reads again, and that are told once unless a worker dies in between."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from common.encryption import decrypt
from people.models import Notice, NoticeChannel, User
from people.notices import sending
from people.notices.channels import remove_channel, save_channel, switch_channel, test_channel
from people.notices.services import notify_channels
from people.notices.topics import Composed, Reader, Topic, topics
from people.notices.writing import escaped, post_of, slack_link
from tests.metrics.test_workers import in_threads
from tests.sync_webhooks.conftest import Receiver, receiver
from tests.users import client_of, make_user

__all__ = ["receiver"]

pytestmark = pytest.mark.django_db
ask_for_test = test_channel
del test_channel  # pytest would take it for a test

SECRET = "T0000/B0000/very-secret"


@pytest.fixture
def revops() -> User:
    return make_user("revops", name="Rita Ops")


@pytest.fixture
def channel(receiver: Receiver, revops: User) -> NoticeChannel:
    return add(revops, url=f"{receiver.url}/{SECRET}")


def add(by: User, **fields: Any) -> NoticeChannel:
    given = {
        "name": "#revenue",
        "url": f"https://hooks.slack.com/services/{SECRET}",
        "function": "leadership",
        "topics": ["scoreboard"],
        "weekday": 0,
        "time_zone": "Europe/Berlin",
    }
    return save_channel(**given | fields, by=by)


def tell(channel: NoticeChannel, event: str = "happened", text: str = "It is done.") -> None:
    notify_channels(
        to=[channel], topic="channel_test", about="thing:1", event=event, text=text, url="/thing/1/"
    )


def texts(receiver: Receiver) -> list[str]:
    return [json.loads(call.body)["text"] for call in receiver.calls]


def test_a_channel_is_told_once(receiver: Receiver, channel: NoticeChannel) -> None:
    tell(channel)
    tell(channel)
    assert sending.send_due() == 1
    assert sending.send_due() == 0
    assert texts(receiver) == ["<http://localhost:8000/thing/1/|It is done.>"]
    assert receiver.calls[0].path.endswith(SECRET)
    assert receiver.calls[0].headers["content-type"] == "application/json"
    channel.refresh_from_db()
    assert channel.succeeded_at is not None
    assert channel.error == ""


def test_several_notices_come_as_one_message(receiver: Receiver, channel: NoticeChannel) -> None:
    for event in ("one", "two"):
        tell(channel, event, event)
    assert sending.send_due() == 1
    assert [text.count("\n") for text in texts(receiver)] == [1]


def test_of_many_at_once_each_is_told_and_none_is_cut_off(receiver: Receiver, channel: NoticeChannel) -> None:
    said = [f"Late: answer to “Question {number:02}” of Acme, {'word ' * 20}" for number in range(60)]
    for number, text in enumerate(said):
        tell(channel, str(number), text)
    sending.send_due()
    lines = [line for text in texts(receiver) for line in text.split("\n")]
    assert lines == [slack_link("/thing/1/", text) for text in said]
    assert not Notice.objects.filter(sent_at=None).exists()


def test_what_fails_is_tried_again_with_pauses_and_given_up_in_the_end(
    receiver: Receiver, channel: NoticeChannel
) -> None:
    receiver.answer = lambda call: 500
    tell(channel)
    assert sending.send_due() == 0
    held = Notice.objects.get()
    assert (held.tries, held.sent_at, held.claimed_until) == (1, None, None)
    assert held.due_at > timezone.now() + timedelta(seconds=50)
    assert sending.send_due() == 0
    assert len(receiver.calls) == 1  # not before its time
    Notice.objects.update(due_at=timezone.now())
    receiver.answer = lambda call: 200
    assert sending.send_due() == 1
    receiver.answer = lambda call: 404
    tell(channel, "again")
    Notice.objects.update(created_at=timezone.now() - timedelta(days=4))
    sending.send_due()
    assert Notice.objects.get(event="again").given_up_at is not None
    channel.refresh_from_db()
    assert channel.failed_at is not None
    assert "answered 404" in channel.error


def test_a_channel_that_asks_for_a_pause_is_left_alone_as_long(
    receiver: Receiver, channel: NoticeChannel
) -> None:
    receiver.answer = lambda call: (429, {"Retry-After": "7200"})
    tell(channel)
    sending.send_due()
    assert Notice.objects.get().due_at > timezone.now() + timedelta(seconds=7100)


def test_a_worker_that_dies_after_the_claim_loses_nothing(receiver: Receiver, channel: NoticeChannel) -> None:
    tell(channel)
    assert sending.claim_parcel() is not None
    assert sending.send_due() == 0  # another worker holds it
    assert receiver.calls == []
    Notice.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert sending.send_due() == 1
    assert len(receiver.calls) == 1


def test_a_worker_that_dies_between_sending_and_noting_tells_it_once_more(
    receiver: Receiver, channel: NoticeChannel
) -> None:
    tell(channel)
    parcel = sending.claim_parcel()
    assert parcel is not None
    sending.post(parcel)  # and here it is killed
    Notice.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert sending.send_due() == 1
    assert sending.send_due() == 0
    assert len(receiver.calls) == 2


def test_no_address_inside_the_network_is_called_even_if_it_became_one(
    receiver: Receiver, revops: User, settings: Any
) -> None:
    channel = add(revops, url=receiver.url)
    settings.WEBHOOKS_ALLOW_PRIVATE = False
    for url in (
        receiver.url,
        "https://127.0.0.1/x",
        "https://10.0.0.1/",
        "https://[::1]/",
        "ftp://example.com",
    ):
        with pytest.raises(ValidationError) as refused:
            add(revops, name="#other", url=url)
        assert list(refused.value.message_dict) == ["url"]
    tell(channel)
    assert sending.send_due() == 0
    assert receiver.calls == []
    channel.refresh_from_db()
    assert "private network" in channel.error


def test_the_address_is_sealed_and_told_nowhere(
    receiver: Receiver, channel: NoticeChannel, revops: User
) -> None:
    assert SECRET not in channel.url
    assert decrypt(channel.url).endswith(SECRET)
    receiver.answer = lambda call: 500
    receiver.reply = receiver.url.encode() + b"/" + SECRET.encode()
    tell(channel)
    sending.send_due()
    client = client_of(revops)
    switch_channel(channel=channel, is_active=False, by=revops)
    for path in (
        "/channels/",
        f"/channels/{channel.pk}/",
        "/channels/?export=csv",
        "/configuration/",
    ):
        answer = client.get(path if path.startswith("/configuration") else f"/people{path}")
        body = b"".join(answer) if answer.streaming else answer.content
        assert answer.status_code == 200
        assert SECRET.encode() not in body
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, '') FROM people_noticechannelevent AS t")
        assert SECRET not in cursor.fetchone()[0]
    assert SECRET not in Notice.objects.get().error
    channel.refresh_from_db()
    assert SECRET not in channel.error


@pytest.mark.parametrize("echo", ["Cannot POST /{}", "{}", '{{"path": "{}"}}', "x" * 190 + "/{}"])
def test_an_answer_that_repeats_the_address_tells_no_part_of_it(
    echo: str, receiver: Receiver, channel: NoticeChannel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    receiver.answer = lambda call: 404
    said = SECRET.replace("/", "\\/") if "path" in echo else SECRET
    receiver.reply = echo.format(said).encode()
    tell(channel)
    sending.send_due()
    channel.refresh_from_db()
    assert "answered 404" in channel.error
    for told in (channel.error, Notice.objects.get().error, caplog.text):
        assert "very-secret" not in told
        assert "very-s" not in told


def test_a_channel_is_told_without_its_address_in_the_log(
    receiver: Receiver, channel: NoticeChannel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    tell(channel)
    assert sending.send_due() == 1
    assert "very-secret" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_two_channels_of_one_name_at_once_are_one(receiver: Receiver) -> None:
    by, meeting = make_user("revops"), threading.Barrier(3)

    def work() -> bool:
        meeting.wait(10)
        try:
            add(by, url=receiver.url)
        except ValidationError as error:
            return list(error.message_dict) != ["name"]
        return True

    assert sorted(in_threads(work, work, work)) == [False, False, True]


def test_a_channel_removed_meanwhile_is_said(
    receiver: Receiver, revops: User, channel: NoticeChannel
) -> None:
    remove_channel(channel=NoticeChannel.objects.get(), by=revops)
    with pytest.raises(ValidationError, match="removed this channel"):
        add(revops, url="", channel=channel)


def test_a_paused_channel_is_told_later(receiver: Receiver, channel: NoticeChannel, revops: User) -> None:
    switch_channel(channel=channel, is_active=False, by=revops)
    tell(channel)
    assert sending.send_due() == 0
    switch_channel(channel=channel, is_active=True, by=revops)
    assert sending.send_due() == 1


def test_a_channel_reads_with_the_eyes_of_its_function(channel: NoticeChannel, monkeypatch: Any) -> None:
    def told(reader: Reader, notices: Any) -> Composed:
        return Composed(subject="x", plain=f"{reader.user} {reader.access.function}")

    topic = Topic(key="t", many="", why="", compose=told)
    monkeypatch.setitem(topics._items, "t", topic)
    notice = Notice(channel=channel, topic="t", about="a", event="e", text="x", url="/")
    assert json.loads(post_of(channel, "t", [notice]))["text"] == "None leadership"


def test_nothing_in_a_text_mentions_anybody_or_becomes_a_link() -> None:
    assert escaped("<!channel> & <https://x|y>") == "&lt;!channel&gt; &amp; &lt;https://x|y&gt;"
    assert slack_link("/a/", "x|<y>") == "<http://localhost:8000/a/|x/&lt;y&gt;>"


def test_a_long_message_is_cut_at_a_line(channel: NoticeChannel) -> None:
    notices = [
        Notice(channel=channel, topic="channel_test", about="a", event=str(n), text="word " * 20, url="/")
        for n in range(50)
    ]
    text = json.loads(post_of(channel, "channel_test", notices))["text"]
    assert len(text) < 3600
    assert text.endswith(">\n…")


def test_only_revops_keeps_channels(channel: NoticeChannel) -> None:
    sales = make_user("sales")
    with pytest.raises(PermissionDenied):
        add(sales, name="#mine")
    for act in (
        lambda: switch_channel(channel=channel, is_active=False, by=sales),
        lambda: remove_channel(channel=channel, by=sales),
        lambda: ask_for_test(channel=channel, by=sales),
    ):
        with pytest.raises(PermissionDenied):
            act()
    client = client_of(sales)
    assert client.get("/people/channels/").status_code == 403
    assert client.get(f"/people/channels/{channel.pk}/").status_code == 403
    assert client.post(f"/people/channels/{channel.pk}/act/", {"act": "remove"}).status_code == 403
    assert NoticeChannel.objects.get().is_active


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "x" * 151}),
        ("url", {"url": ""}),
        ("url", {"url": "https://" + "x" * 3000}),
        ("function", {"function": "nobody"}),
        ("topics", {"topics": []}),
        ("topics", {"topics": ["approvals"]}),
        ("weekday", {"weekday": 7}),
        ("time_zone", {"time_zone": "Mars/Base"}),
    ],
)
def test_what_no_channel_can_be_is_refused_by_field(
    field: str, wrong: dict[str, Any], revops: User, receiver: Receiver
) -> None:
    with pytest.raises(ValidationError) as refused:
        add(revops, **{"url": receiver.url} | wrong)
    assert list(refused.value.message_dict) == [field]


def test_revops_adds_tests_changes_pauses_and_removes_a_channel_on_its_pages(
    receiver: Receiver, revops: User
) -> None:
    client = client_of(revops)
    asked = {
        "name": "#revenue",
        "url": receiver.url,
        "function": "leadership",
        "topics": ["scoreboard"],
        "weekday": "2",
        "time_zone": "UTC",
    }
    assert client.post("/people/channels/", asked | {"url": ""}).status_code == 422
    assert client.post("/people/channels/", {}).status_code == 422
    assert client.post("/people/channels/", asked).status_code == 302
    held = NoticeChannel.objects.get()
    assert client.post("/people/channels/", asked).status_code == 422  # the name is taken
    client.post(f"/people/channels/{held.pk}/act/", {"act": "test"})
    sending.send_due()
    assert "A test from ABE, asked for by Rita Ops." in texts(receiver)[0]
    assert "Works" in client.get("/people/channels/").content.decode()
    client.post(f"/people/channels/{held.pk}/", asked | {"url": "", "name": "#board"})
    was, held = held, NoticeChannel.objects.get()
    assert (held.name, decrypt(held.url)) == ("#board", decrypt(was.url))
    client.post(f"/people/channels/{held.pk}/act/", {"act": "pause"})
    assert "Paused" in client.get("/people/channels/").content.decode()
    client.post(f"/people/channels/{held.pk}/act/", {"act": "no such"})
    client.post(f"/people/channels/{held.pk}/act/", {"act": "remove"})
    assert not NoticeChannel.objects.exists()


def test_a_notice_is_for_exactly_one_receiver(channel: NoticeChannel) -> None:
    for receivers in ({}, {"user": make_user("sales"), "channel": channel}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Notice.objects.create(topic="t", about="a", event="e", text="x", url="/", **receivers)
