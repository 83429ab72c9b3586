"""Which account a group is, and which group a user was last put into."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection
from django.utils import timezone

from common.sql import load_sql
from product.ingest.messages import ALIAS, ANONYMOUS, EVENT, GROUP, IDENTIFY, Message
from product.models import TrackedGroup, TrackedUser
from sync.declarations import Ref, Reference
from sync.models import Link, Source

ACCOUNTS = "accounts"
# A name that became another one, that became another: nobody has so many.
MOST_NAMES = 10


def find_accounts(source: Source, groups: Collection[str]) -> dict[str, Ref]:
    """Return how the pipeline is to name the account of each group that is one.

    A group is the account's external id in the source of its events, ``<source>:<external id>`` of another, or
    one of an account's workspaces. A workspace that two accounts claim is nobody's. Up to three queries.
    """
    found: dict[str, Ref] = {row[0]: row[0] for row in _ask("accounts_named", source, groups)}
    missing = {name for name in groups if name not in found}
    if prefixed := [name for name in missing if ":" in name]:
        found |= _by_other_source(prefixed)
        missing -= found.keys()
    if missing:
        rows = _ask("accounts_by_workspace", source, missing)
        found |= {name: Reference(slug, external_id) for name, slug, external_id in rows}
    return found


def _by_other_source(names: list[str]) -> dict[str, Ref]:
    pairs = {name: tuple(name.split(":", 1)) for name in names}
    links = Link.objects.filter(
        resource=ACCOUNTS,
        source__slug__in={slug for slug, _ in pairs.values()},
        external_id__in={external_id for _, external_id in pairs.values()},
    )
    held = set(links.values_list("source__slug", "external_id"))
    return {name: Reference(*pair) for name, pair in pairs.items() if pair in held}


def _ask(query: str, source: Source, names: Collection[str]) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        # As JSON, since long lists of parameters take longer to write than to answer.
        params: dict[str, int | str] = {
            "source": source.pk,
            "names": msgspec.json.encode(list(names)).decode(),
        }
        cursor.execute(load_sql("product", query), params)
        return list(cursor.fetchall())


class Memberships:
    """The last group of each user that the messages of a call name, and what is said of users and groups.

    Messages are told in the order sent; ``save`` writes what they changed. The caller holds the source's turn.
    """

    def __init__(self, source: Source, messages: Iterable[Message]) -> None:
        self.source = source
        self._now = timezone.now()
        self.regrouped: set[str] = set()
        self._renamed: set[str] = set()
        self._changed: set[str] = set()
        self._groups: dict[str, tuple[dict[str, Any], datetime]] = {}
        named: set[str] = set()
        for message in messages:
            if message.kind != EVENT or not message.group:
                named.update((message.user, message.anonymous and ANONYMOUS + message.anonymous))
                if message.kind == ALIAS:
                    named.add(message.anonymous)
        named.discard("")
        self._users: dict[str, TrackedUser] = {}
        self._load(named)

    def _load(self, named: set[str]) -> None:
        """Read users by name, and those that they are known as."""
        for _ in range(MOST_NAMES):
            missing = named - self._users.keys()
            if not missing:
                return
            held = list(TrackedUser.objects.filter(source=self.source, user__in=missing))
            self._users |= {user.user: user for user in held}
            named = {user.known_as for user in held if user.known_as}

    @property
    def renamed(self) -> dict[str, str]:
        """The names that stand for another user since this call, with that user's."""
        return {name: self.name_of(name) for name in self._renamed}

    def name_of(self, name: str) -> str:
        """Return the name that a user has by now."""
        for _ in range(MOST_NAMES):
            user = self._users.get(name)
            if user is None or not user.known_as:
                break
            name = user.known_as
        return name

    def tell(self, message: Message) -> None:
        """Take in what an identify, group or alias call says."""
        if message.kind == ALIAS:
            # An earlier name is mostly an anonymous id, but may be a user's.
            for name in (ANONYMOUS + message.anonymous, message.anonymous):
                self._rename(name, message.user)
            return
        # A clock that runs ahead would have the last word for years.
        at = min(message.at, self._now)
        if message.kind == IDENTIFY:
            user = self._user(message.who)
            if user.described_at is None or user.described_at <= at:
                user.traits, user.described_at = message.document, at
                self._changed.add(user.user)
        elif message.kind == GROUP:
            held = self._groups.get(message.group)
            if held is None or held[1] <= at:
                self._groups[message.group] = (message.document, at)
        if message.group:
            self._put(self.name_of(message.who), message.group, at)
        if message.user and message.anonymous:
            self._rename(ANONYMOUS + message.anonymous, message.user)

    def group_of(self, message: Message) -> str:
        """Return the group of an event: its own, else the last one of its user; empty where neither is known."""
        if message.group:
            return message.group
        for name in (message.user, message.anonymous and ANONYMOUS + message.anonymous):
            user = self._users.get(self.name_of(name)) if name else None
            if user is not None and user.group:
                return user.group
        return ""

    def save(self) -> None:
        """Write what was told."""
        if self._changed:
            TrackedUser.objects.bulk_create(
                [self._users[name] for name in sorted(self._changed)],
                update_conflicts=True,
                unique_fields=["source", "user"],
                update_fields=["known_as", "group", "grouped_at", "traits", "described_at"],
            )
        if self._groups:
            newer = self._newer_groups()
            TrackedGroup.objects.bulk_create(
                [
                    TrackedGroup(source=self.source, group=name, traits=traits, described_at=at)
                    for name, (traits, at) in sorted(newer.items())
                ],
                update_conflicts=True,
                unique_fields=["source", "group"],
                update_fields=["traits", "described_at"],
            )

    def _newer_groups(self) -> dict[str, tuple[dict[str, Any], datetime]]:
        held = dict(
            TrackedGroup.objects.filter(source=self.source, group__in=self._groups).values_list(
                "group", "described_at"
            )
        )
        return {
            name: (traits, at)
            for name, (traits, at) in self._groups.items()
            if (before := held.get(name)) is None or before <= at
        }

    def _user(self, name: str) -> TrackedUser:
        user = self._users.get(name)
        if user is None:
            user = TrackedUser(source=self.source, user=name, known_as="", group="", traits={})
            self._users[name] = user
        return user

    def _put(self, name: str, group: str, at: datetime) -> None:
        user = self._user(name)
        if user.grouped_at is None or user.grouped_at <= at:
            if user.group != group:
                self.regrouped.add(name)
            user.group, user.grouped_at = group, at
            self._changed.add(name)

    def _rename(self, earlier: str, name: str) -> None:
        """Let an earlier name stand for the user from now on; its group counts where the user has none."""
        name = self.name_of(name)
        before, user = self._user(earlier), self._user(name)
        if name in (earlier, before.known_as):
            return
        if before.group and before.grouped_at and not user.group:
            self._put(name, before.group, before.grouped_at)
        before.known_as = name
        self._renamed.add(earlier)
        self._changed.update((earlier, name))
