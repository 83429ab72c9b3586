"""What a mail and a message in a channel say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives

from people.access import access_of
from people.models import Notice, NoticeChannel, User
from people.notices.topics import Composed, Reader, Topic, topics

# Slack cuts longer messages.
SLACK_AT_MOST = 3500
ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def mail_of(user: User, key: str, notices: Sequence[Notice]) -> EmailMessage:
    """Write the mail of one topic; repeats carry the same Message-ID."""
    topic = topics.get(key)
    told = _composed(topic, Reader(access_of(user.function), user), notices)
    ending = f"\n-- \n{topic.why}\n" if topic else ""
    digest = hashlib.sha256(" ".join(str(notice.pk) for notice in notices).encode()).hexdigest()[:32]
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >") or "localhost"
    headers = {"Message-ID": f"<notice.{digest}@{host}>", "Auto-Submitted": "auto-generated"}
    if topic is not None and topic.wanted_by is not None:
        ending = f"{ending}Turn it off or choose another day: {settings.PUBLIC_URL}/people/me/#mails\n"
        headers["List-Unsubscribe"] = f"<{settings.PUBLIC_URL}/people/me/#mails>"
    message = EmailMultiAlternatives(
        subject=" ".join(told.subject.split())[:200],
        body=told.plain + ending,
        to=[user.email],
        headers=headers,
    )
    if told.html:
        message.attach_alternative(told.html, "text/html")
    return message


def post_of(channel: NoticeChannel, key: str, notices: Sequence[Notice]) -> bytes:
    """Write the message of one topic as a webhook of Slack takes it."""
    told = _composed(topics.get(key), Reader(access_of(channel.function)), notices)
    text = told.slack or escaped(told.plain)
    if len(text) > SLACK_AT_MOST:
        text = text[: text.rfind("\n", 0, SLACK_AT_MOST)] + "\n…"
    return json.dumps({"text": text}, ensure_ascii=False).encode()


def fitting(key: str, notices: Sequence[Notice]) -> Sequence[Notice]:
    """Return the first notices of a topic that go whole into one message of a channel, one at least."""
    topic = topics.get(key)
    if topic is not None and topic.compose is not None:
        return notices
    left, count = SLACK_AT_MOST, 0
    for notice in notices:
        left -= len(slack_link(notice.url, notice.text)) + 1
        if left < 0 and count:
            break
        count += 1
    return notices[:count]


def escaped(text: str) -> str:
    """Return a text that Slack shows as it is: nothing in it mentions anybody or becomes a link."""
    return text.translate(ESCAPES)


def slack_link(path: str, label: str) -> str:
    """Return a link to a page in Slack's markup."""
    return f"<{settings.PUBLIC_URL}{path}|{escaped(label).replace('|', '/')}>"


def _composed(topic: Topic | None, reader: Reader, notices: Sequence[Notice]) -> Composed:
    if topic is not None and topic.compose is not None:
        return topic.compose(reader, notices)
    count = len(notices)
    first = notices[0].text
    subject = first if count == 1 or topic is None else topic.many.format(count=count)
    lines = [f"{notice.text}\n{settings.PUBLIC_URL}{notice.url}\n" for notice in notices]
    slack = "\n".join(slack_link(notice.url, notice.text) for notice in notices)
    return Composed(subject=subject, plain="\n".join(lines), slack=slack)
