"""What a person finds in the app: the notices written for them, whatever became of the mails."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.http import QueryDict
from django.utils import timezone

from common.export import Table, table_of
from common.params import read_choice
from people.models import Notice, User
from people.notices.models import NoticeQuerySet
from people.notices.topics import topics

SHOWS = {"all": "All", "unread": "Unread"}
# For ``common.pagination.read_page``, the newest first.
ORDER = ("-created_at", "-pk")
# The bell says no more than that there are more.
COUNTED_AT_MOST = 99
CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Search:
    """What the list is asked for; anything unknown in the address falls back to the default."""

    show: str
    topic: str

    @classmethod
    def from_params(cls, params: QueryDict) -> Search:
        """Read the address."""
        return cls(read_choice(params, "show", SHOWS, "all"), read_choice(params, "topic", topics))

    def find(self, user: User) -> NoticeQuerySet:
        """Return one's own notices asked for, unordered."""
        found = Notice.objects.shown_to(user)
        if self.topic:
            found = found.filter(topic=self.topic)
        return found.unread() if self.show == "unread" else found


def count_unread(user: User) -> int:
    """Return how many notices ask to be read, but no more than one beyond ``COUNTED_AT_MOST``; one query."""
    return Notice.objects.shown_to(user).unread()[: COUNTED_AT_MOST + 1].count()


def words_of(count: int) -> str:
    """Say a count as the bell does."""
    return str(count) if count <= COUNTED_AT_MOST else f"{COUNTED_AT_MOST}+"


def topics_of(user: User) -> list[tuple[str, str]]:
    """Return the key and name of each topic that a person was told of, by name; one query."""
    keys = Notice.objects.shown_to(user).order_by().values_list("topic", flat=True).distinct()
    return sorted(((key, name_of(key)) for key in keys if key in topics), key=lambda pair: pair[1])


def name_of(key: str) -> str:
    """Return what readers know a topic by; those that no app declares any more keep their key."""
    topic = topics.get(key)
    return topic.name if topic else key


@transaction.atomic
def mark_read(*, user: User, notice: int) -> Notice:
    """Take one notice as read, which it stays; return it. Raises Notice.DoesNotExist for one that isn't theirs."""
    held = Notice.objects.shown_to(user).select_for_update().get(pk=notice)
    if held.read_at is None:
        held.read_at = timezone.now()
        held.save(update_fields=("read_at",))
    return held


@transaction.atomic
def mark_all_read(*, user: User, up_to: int, topic: str = "") -> int:
    """Take a person's notices as read, of one topic or all, up to the key of the newest one seen; return how many.

    Workers lock rows by key too, so that neither waits for the other in a circle.
    """
    found = Search("unread", topic).find(user).filter(pk__lte=up_to)
    keys = found.select_for_update(of=("self",)).order_by("pk").values("pk")
    return Notice.objects.filter(pk__in=keys).update(read_at=timezone.now())


def notices_table(search: Search, user: User) -> Table:
    """Return the notices asked for as a table for a file, in the list's own order."""
    return table_of(
        "notices",
        search.find(user).order_by(*ORDER).iterator(chunk_size=CHUNK),
        [
            ("created_at", "Told", lambda each: each.created_at),
            ("topic", "Topic", lambda each: name_of(each.topic)),
            ("text", "Notice", lambda each: each.text),
            ("url", "Page", lambda each: each.url),
            ("read_at", "Read", lambda each: each.read_at),
            ("over_at", "Over since", lambda each: each.over_at),
        ],
    )
