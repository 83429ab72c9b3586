"""Notices in the app: there at once, one's own alone, read by a decision, whatever becomes of the mails."""

from __future__ import annotations

import csv
import io
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from people.models import Notice, NoticeChannel, User
from people.notices import sending
from people.notices.inbox import COUNTED_AT_MOST, Search, count_unread, mark_all_read, mark_read
from people.notices.preferences import change_wish
from people.notices.services import notify, notify_channels, withdraw_notices
from people.notices.topics import Topic, topics
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

LIST = "/people/me/notices/"
BELL = f"{LIST}bell/"


@pytest.fixture
def user() -> User:
    return make_user("finance")


@pytest.fixture
def client(user: User) -> Client:
    return client_of(user)


@pytest.fixture
def optional(monkeypatch: pytest.MonkeyPatch) -> Topic:
    """A topic whose mails are on by themselves for finance and may be turned off."""
    topic = Topic(key="test.news", many="{count} news", why="Test.", wanted_by=frozenset({"finance"}))
    monkeypatch.setitem(topics._items, topic.key, topic)
    return topic


def tell(user: User, about: str = "thing:1", text: str = "It is done.", topic: str = "tasks") -> Notice:
    notify(to=[user], topic=topic, about=about, event="said", text=text, url="/tasks/")
    return Notice.objects.get(user=user, about=about)


def fail(self: object) -> None:
    raise SMTPServerDisconnected("gone away")


def ring(client: Client, shown: str = "") -> Any:
    return client.get(BELL, {"shown": shown} if shown else {}, headers={"HX-Request": "true"})


def sent() -> list[str]:
    """Send what is due; return whom mails went to."""
    mail.outbox.clear()
    sending.send_due()
    return [message.to[0] for message in mail.outbox]


def test_a_notice_is_there_before_any_mail_and_when_the_mail_fails(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(user)
    assert count_unread(user) == 1
    monkeypatch.setattr("django.core.mail.EmailMessage.send", fail)
    assert sending.send_due() == 0
    notice = Notice.objects.get()
    assert notice.due_at > timezone.now()
    assert list(Search("all", "").find(user)) == [notice]
    assert count_unread(user) == 1


def test_what_is_for_later_is_not_there_yet(user: User, client: Client) -> None:
    notice = tell(user)
    Notice.objects.update(due_at=timezone.now() + timedelta(minutes=5))
    assert count_unread(user) == 0
    assert "Nothing was told to you yet" in client.get(LIST).content.decode()
    assert client.post(f"{LIST}{notice.pk}/read/").status_code == 404
    Notice.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert count_unread(user) == 1


def test_who_wants_no_mail_is_told_in_the_app_alone(optional: Topic, user: User) -> None:
    colleague, seller = make_user("finance"), make_user("sales")
    change_wish(user=user, topic=optional.key, is_wanted=False)
    change_wish(user=seller, topic=optional.key, is_wanted=True)
    engineer = make_user("engineering")
    people = [user, colleague, seller, engineer]
    told = notify(to=people, topic=optional.key, about="news:1", event="said", text="News", url="/")
    assert told == 4
    assert sorted(sent()) == sorted([colleague.email, seller.email])
    assert [count_unread(person) for person in people] == [1, 1, 1, 1]
    assert sent() == []


def test_mails_that_nobody_may_turn_off_ask_for_no_wishes(user: User) -> None:
    with CaptureQueriesContext(connection) as asked:
        tell(user)
    assert not [query["sql"] for query in asked if "noticepreference" in query["sql"]]
    assert sent() == [user.email]


def test_opening_marks_a_notice_read_and_leads_to_its_page(user: User, client: Client) -> None:
    notice = tell(user)
    page = client.get(LIST).content.decode()
    assert f'formaction="{LIST}{notice.pk}/open/"' in page
    assert count_unread(user) == 1, "looking at the list reads nothing"
    answer = client.post(f"{LIST}{notice.pk}/open/")
    assert (answer.status_code, answer["Location"]) == (302, "/tasks/")
    notice.refresh_from_db()
    first = notice.read_at
    assert first is not None
    client.post(f"{LIST}{notice.pk}/open/")
    notice.refresh_from_db()
    assert notice.read_at == first
    assert '<a href="/tasks/">It is done.</a>' in client.get(LIST).content.decode()


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_no_notice_leads_to_another_site(user: User, client: Client, url: str) -> None:
    notice = tell(user)
    Notice.objects.update(url=url)
    assert client.post(f"{LIST}{notice.pk}/open/")["Location"] == LIST
    answer = client.post(f"{LIST}{notice.pk}/read/", {"next": url})
    assert answer["Location"] == LIST


def test_reading_needs_a_post(user: User, client: Client) -> None:
    notice = tell(user)
    for path in (f"{notice.pk}/open/", f"{notice.pk}/read/", "read/"):
        assert client.get(LIST + path).status_code == 405
    assert count_unread(user) == 1


def test_nobody_sees_or_marks_what_others_are_told(user: User) -> None:
    notice = tell(user, text="For finance alone")
    other = client_as("revops")
    assert "For finance alone" not in other.get(LIST).content.decode()
    assert ring(other).status_code == 204
    for what in ("open", "read"):
        assert other.post(f"{LIST}{notice.pk}/{what}/").status_code == 404
    other.post(f"{LIST}read/", {"up_to": notice.pk})
    assert "For finance alone" not in body(other.get(f"{LIST}?export=csv"))
    assert count_unread(user) == 1


def test_all_that_was_seen_is_marked_and_nothing_that_came_after(user: User, client: Client) -> None:
    first, second = tell(user, "thing:1"), tell(user, "thing:2", topic="approvals")
    other = tell(make_user("finance"))
    found = re.search(r'name="up_to" value="(\d+)"', client.get(LIST).content.decode())
    assert found
    later = tell(user, "thing:3")
    answer = client.post(f"{LIST}read/", {"up_to": found[1], "next": f"{LIST}?show=unread"}, follow=True)
    assert "2 notices are read." in answer.content.decode()
    unread = set(Notice.objects.unread().values_list("pk", flat=True))
    assert unread == {other.pk, later.pk}
    assert {first.pk, second.pk}.isdisjoint(unread)


def test_all_of_one_topic_are_marked_where_the_list_was_narrowed(user: User, client: Client) -> None:
    tell(user, "thing:1"), tell(user, "thing:2", topic="approvals")
    page = client.get(f"{LIST}?topic=approvals").content.decode()
    assert "Mark all of “Approvals” read" in page
    up_to = Notice.objects.latest("pk").pk
    client.post(f"{LIST}read/", {"up_to": up_to, "topic": "approvals"})
    assert [notice.topic for notice in Notice.objects.unread()] == ["tasks"]
    assert mark_all_read(user=user, up_to=up_to) == 1
    assert "Mark all" not in client.get(LIST).content.decode()


@pytest.mark.parametrize("given", ["", "-1", "many", "9" * 40, "\x00", "1 OR 1"])
def test_what_is_no_key_marks_nothing(user: User, client: Client, given: str) -> None:
    tell(user)
    assert client.post(f"{LIST}read/", {"up_to": given}).status_code == 302
    assert count_unread(user) == 1


def test_the_list_narrows_by_topic_and_to_what_is_unread(user: User, client: Client) -> None:
    read = tell(user, "thing:1", "An old task")
    tell(user, "thing:2", "A new task"), tell(user, "thing:3", "An approval", topic="approvals")
    mark_read(user=user, notice=read.pk)
    shown = {
        query: {text for text in ("An old task", "A new task", "An approval") if text in page(client, query)}
        for query in ("", "?show=unread", "?topic=tasks", "?show=unread&topic=tasks", "?topic=nothing&show=x")
    }
    everything = {"An old task", "A new task", "An approval"}
    assert shown == {
        "": everything,
        "?show=unread": everything - {"An old task"},
        "?topic=tasks": everything - {"An approval"},
        "?show=unread&topic=tasks": {"A new task"},
        "?topic=nothing&show=x": everything,
    }


def page(client: Client, query: str = "") -> str:
    return client.get(LIST + query).content.decode()


def body(response: Any) -> str:
    return b"".join(response.streaming_content).decode()


def test_many_notices_come_in_pages_with_the_newest_first(user: User, client: Client) -> None:
    rows = [
        Notice(
            user=user, topic="tasks", about=f"many:{number}", event="said", text=f"No. {number:03}", url="/"
        )
        for number in range(120)
    ]
    # All of one statement, so of one moment: the key must tell them apart.
    Notice.objects.bulk_create(rows)
    seen: list[str] = []
    address = ""
    for _ in range(3):
        text = page(client, address)
        seen += re.findall(r"No\. \d{3}(?=</button>)", text)
        found = re.search(r'rel="next" href="([^"]+)"', text)
        address = found[1].replace("&amp;", "&") if found else ""
    assert seen == [f"No. {number:03}" for number in reversed(range(120))]
    assert address == ""
    assert f'<span class="abe-count">{COUNTED_AT_MOST}+</span>' in page(client)


def test_a_page_costs_the_same_with_many_notices(user: User, client: Client) -> None:
    tell(user)
    client.get(LIST)
    with CaptureQueriesContext(connection) as few:
        client.get(LIST)
    for number in range(2, 40):
        tell(user, f"thing:{number}", topic="tasks" if number % 2 else "approvals")
    with CaptureQueriesContext(connection) as many:
        client.get(LIST)
    assert len(many) == len(few)


def test_no_page_asks_for_notices_by_itself(user: User, client: Client) -> None:
    tell(user)
    client.get("/people/me/")
    with CaptureQueriesContext(connection) as asked:
        text = client.get("/people/me/").content.decode()
    assert not [query["sql"] for query in asked if '"people_notice"' in query["sql"]]
    assert f'href="{LIST}"' in text
    assert f'hx-get="{BELL}"' in text


def test_the_bell_says_what_is_new_and_is_silent_otherwise(user: User, client: Client) -> None:
    assert ring(client).status_code == 204
    notice = tell(user)
    told = ring(client, "0").content.decode()
    assert "Notices, 1 unread" in told
    assert 'name="shown" value="1"' in told
    assert "<html" not in told
    assert ring(client, "1").status_code == 204
    mark_read(user=user, notice=notice.pk)
    gone = ring(client, "1").content.decode()
    assert "unread" not in gone
    assert 'value="0"' in gone
    assert client.get(BELL)["Location"] == LIST, "without htmx it is no page"
    assert "no-store" in ring(client)["Cache-Control"]


def test_the_bell_counts_no_further_than_it_says(user: User, client: Client) -> None:
    rows = [
        Notice(user=user, topic="tasks", about=f"many:{number}", event="said", text="Again", url="/")
        for number in range(COUNTED_AT_MOST + 20)
    ]
    Notice.objects.bulk_create(rows)
    assert f"Notices, {COUNTED_AT_MOST}+ unread" in ring(client).content.decode()
    assert count_unread(user) == COUNTED_AT_MOST + 1


def over_after(user: User, before: Callable[[Notice], object]) -> Notice | None:
    """Withdraw a notice to which something happened before; return what is left of it."""
    notice = tell(user)
    before(notice)
    withdraw_notices(about=["thing:1"])
    return Notice.objects.filter(pk=notice.pk).first()


def test_what_nobody_was_told_yet_goes_when_it_is_over(user: User, optional: Topic) -> None:
    assert over_after(user, lambda _: None) is None
    change_wish(user=user, topic=optional.key, is_wanted=False)
    tell(user, topic=optional.key)
    withdraw_notices(about=["thing:1"])
    assert not Notice.objects.exists()


def test_what_was_mailed_stays_but_asks_no_longer_when_it_is_over(user: User, client: Client) -> None:
    left = over_after(user, lambda _: sending.send_due())
    assert left is not None
    assert left.over_at is not None
    assert left.read_at is None, "nobody read it"
    assert (count_unread(user), ring(client).status_code) == (0, 204)
    text = page(client)
    assert "It is done." in text
    assert "over</div>" in " ".join(text.split()).replace("</span>", "")
    assert "is-unread" not in text
    assert "It is done." not in page(client, "?show=unread")


def test_what_was_read_before_its_mail_stays_and_is_not_mailed_when_it_is_over(user: User) -> None:
    left = over_after(user, lambda notice: mark_read(user=user, notice=notice.pk))
    assert left is not None
    assert left.over_at is not None
    assert left.read_at is not None
    assert sent() == []


def test_what_is_told_after_something_else_was_over_is_unread(user: User) -> None:
    over_after(user, lambda _: sending.send_due())
    notify(to=[user], topic="tasks", about="thing:1", event="again", text="Once more", url="/")
    assert count_unread(user) == 1


def test_a_notice_may_be_read_before_its_mail_goes_out(user: User) -> None:
    mark_read(user=user, notice=tell(user).pk)
    assert sent() == [user.email]


def test_channels_have_nothing_to_read(user: User) -> None:
    channel = NoticeChannel.objects.create(
        name="#x", url="sealed", host="x.example", function="finance", topics=["tasks"]
    )
    notify_channels(to=[channel], topic="tasks", about="thing:1", event="said", text="Said", url="/")
    withdraw_notices(about=["nothing"])
    for field in ("read_at", "over_at"):
        with pytest.raises(IntegrityError, match="people_notice_app_is_for_people"), transaction.atomic():
            Notice.objects.update(**{field: timezone.now()})
    Notice.objects.update(sent_at=timezone.now())
    withdraw_notices(about=["thing:1"])
    assert Notice.objects.get().over_at is None


def test_the_file_holds_what_the_list_shows(user: User, client: Client) -> None:
    tell(user, "thing:1", "=1+1"), tell(user, "thing:2", "Approve", topic="approvals")
    rows = list(csv.DictReader(io.StringIO(body(client.get(f"{LIST}?topic=tasks&export=csv&bom=0")))))
    assert [(row["Topic"], row["Notice"], row["Page"]) for row in rows] == [("Tasks", "'=1+1", "/tasks/")]


def test_a_notice_is_shown_as_text(user: User, client: Client) -> None:
    tell(user, text="<b>Bold</b>")
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page(client)


def test_what_was_told_in_the_app_alone_is_forgotten_after_a_year(user: User, optional: Topic) -> None:
    change_wish(user=user, topic=optional.key, is_wanted=False)
    tell(user, topic=optional.key)
    assert sending.forget_old_notices() == 0
    Notice.objects.update(created_at=timezone.now() - timedelta(days=367))
    assert sending.forget_old_notices() == 1


def test_what_was_mailed_before_the_app_told_it_counts_as_read(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = import_module("people.migrations.0009_notices_told_before")
    monkeypatch.setattr(told, "ROWS", 2)
    for number in range(5):
        tell(user, f"thing:{number}")
    at = timezone.now() - timedelta(days=2)
    Notice.objects.exclude(about="thing:4").update(sent_at=at)
    for _ in range(2):
        with connection.schema_editor(atomic=False) as editor:
            told.take_as_read(apps, editor)
    assert Notice.objects.filter(read_at=at).count() == 4
    assert Notice.objects.unread().get().about == "thing:4"


def test_a_topic_without_a_label_is_named_by_its_key(optional: Topic, user: User, client: Client) -> None:
    tell(user, topic=optional.key), tell(user, "thing:2")
    assert ">Test.news</option>" in page(client)


def test_the_count_of_the_bell_reads_an_index(user: User) -> None:
    others = [make_user("finance") for _ in range(3)]
    rows = [
        Notice(
            user=person,
            topic="tasks",
            about=f"many:{number}",
            event="said",
            text="x",
            url="/",
            read_at=timezone.now() if number % 50 else None,
        )
        for person in [user, *others]
        for number in range(2000)
    ]
    Notice.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE people_notice")
    assert "people_notice_unread" in Notice.objects.shown_to(user).unread().explain()


def test_a_notice_that_cannot_be_written_holds_up_no_other_and_is_given_up_in_the_end(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(reader: Any, notices: Any) -> Any:
        raise ValueError("https://hooks.example/secret")

    topic = Topic(key="test.broken", many="{count}", why="Test.", compose=stumble)
    monkeypatch.setitem(topics._items, topic.key, topic)
    broken = tell(user, "thing:1", topic=topic.key)
    tell(user, "thing:2")
    assert sent() == [user.email]
    broken.refresh_from_db()
    assert (broken.claimed_until, broken.tries) == (None, 1)
    assert broken.error == "It could not be written (ValueError)."
    Notice.objects.filter(pk=broken.pk).update(
        created_at=timezone.now() - timedelta(days=4), due_at=timezone.now()
    )
    assert sent() == []
    broken.refresh_from_db()
    assert broken.given_up_at is not None


@pytest.mark.django_db(transaction=True)
def test_what_is_over_waits_for_the_first_notice_with_none_in_its_hands() -> None:
    people = [make_user("finance") for _ in range(2)]
    first, second = tell(people[0], "thing:0"), tell(people[1])
    # Where it lies now, a search finds it after the other one.
    Notice.objects.filter(pk=first.pk).update(about="thing:1")

    def over() -> None:
        try:
            withdraw_notices(about=["thing:1"])
        finally:
            connections.close_all()

    worker = threading.Thread(target=over)
    with transaction.atomic():
        Notice.objects.select_for_update().get(pk=first.pk)
        worker.start()
        worker.join(0.5)
        assert worker.is_alive()
        assert Notice.objects.select_for_update(nowait=True).get(pk=second.pk) == second
    worker.join(10)
    assert not Notice.objects.exists()


def test_who_may_not_sign_in_is_told_nothing(user: User) -> None:
    gone = make_user("finance")
    gone.is_active = False
    gone.save()
    assert notify(to=[gone, user], topic="tasks", about="thing:1", event="said", text="Said", url="/") == 1
    assert Notice.objects.get().user == user


def test_what_is_over_twice_was_over_since_the_first_time(user: User) -> None:
    left = over_after(user, lambda _: sending.send_due())
    assert left is not None
    withdraw_notices(about=["thing:1"])
    again = Notice.objects.get()
    assert again.over_at == left.over_at


def test_what_is_in_a_workers_hands_when_it_is_over_goes_out_and_is_not_tried_again(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(user)
    parcel = sending.claim_parcel()
    assert parcel is not None
    withdraw_notices(about=["thing:1"])
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", fail)
        assert not sending.send_parcel(parcel)
    Notice.objects.update(due_at=timezone.now())
    assert sent() == []
    assert sending.send_parcel(parcel)
    assert (Notice.objects.get().given_up_at, Notice.objects.get().sent_at is None) == (None, False)
