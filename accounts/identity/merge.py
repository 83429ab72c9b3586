"""Make one account of two, reversibly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.identity.claims import (
    begin_sharing,
    follow_links,
    hold_choices,
    repoint_words,
    sources_word,
)
from accounts.identity.digests import journal_digests, journal_own_digests
from accounts.identity.errors import MergeRefused
from accounts.identity.fields import (
    CUSTOM,
    WINNER,
    Side,
    Values,
    accounts_resource,
    changes_of,
    check_choices,
    compare,
    field_name,
    read_values,
    write_values,
)
from accounts.identity.hierarchy import safe_parent
from accounts.identity.models import AccountMerge, MergedRow
from accounts.identity.moving import journal, last_number, lock_resources, movable, repoint
from accounts.identity.relations import Relation, followings, moving, own_links, staying
from accounts.models import Account
from common.formatting import format_date
from common.sql import load_sql
from people.models import User
from sync.models import Change, Client
from sync.pipeline.merge import prepare_effects, run_effects
from sync.redirects import start_redirect, target_of

ACCOUNT = "accounts.Account"
RESOURCE = "accounts"


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows of one kind a merge moves, and how many stay since the winner has the same."""

    label: str
    plural: str
    moved: int
    kept_back: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """What a merge would do: fields side by side, rows that move, rows that stay and why."""

    winner: Account
    loser: Account
    sides: list[Side]
    choices: dict[str, str]
    counts: list[Count]
    stays: list[tuple[str, str]]
    parents: list[str]

    @property
    def moved(self) -> int:
        """How many rows move in all."""
        return sum(count.moved for count in self.counts)


def preview_merge(*, winner: int, loser: int, choices: Mapping[str, str] | None = None) -> Preview:
    """Return what merging ``loser`` into ``winner`` would do, without doing it.

    Raises MergeRefused as ``merge_accounts`` does.
    """
    accounts = _check_pair(winner, loser)
    values = read_values(winner, loser)
    sides = compare(values[winner], values[loser], sources_word(winner, loser))
    chosen = check_choices(choices or {}, sides)
    changes = _changes(sides, chosen, winner=winner, loser=loser, values=values)
    dropped = [
        field_name(link.column)
        for link in own_links()
        if _chosen_parent(sides, chosen, link.column)
        != changes.get(link.column, (0, values[winner][link.column]))[1]
    ]
    counts = [_count(relation, winner=winner, loser=loser) for relation in [*moving(), *account_links()]]
    return Preview(
        winner=accounts[winner],
        loser=accounts[loser],
        sides=sides,
        choices=chosen,
        counts=[count for count in counts if count.moved or count.kept_back],
        stays=list(dict.fromkeys((item.plural, item.why) for item in staying() if item.why)),
        parents=dropped,
    )


@transaction.atomic
def merge_accounts(
    *,
    winner: int,
    loser: int,
    choices: Mapping[str, str] | None = None,
    by: User | None = None,
    client: Client | None = None,
) -> AccountMerge:
    """Merge account ``loser`` into ``winner``; return the merge, by which it can be taken back.

    ``choices`` says by field whose value stays: ``winner``, ``loser``, or for lists ``both``. Every row that
    points to the loser moves or stays as its model declares; the loser keeps its row with a tombstone, and its
    id stands for the winner's from now on. Locks every resource, so that no batch is halfway in either
    account, then what follows merges, then both accounts in the order of their ids. Raises MergeRefused:
    ``same_account``, ``unknown_account``, ``already_merged``, ``deleted_account``, ``unknown_field``, ``bad_choice``.
    """
    lock_resources()
    for following in followings():
        following.hold(winner, loser)
    values = read_values(winner, loser, lock=True)
    _check_pair(winner, loser)
    word = sources_word(winner, loser)
    sides = compare(values[winner], values[loser], word)
    chosen = check_choices(choices or {}, sides)
    changes = _changes(sides, chosen, winner=winner, loser=loser, values=values)
    relations = moving()
    merge = AccountMerge.objects.create(
        winner_id=winner,
        loser_id=loser,
        merged_by=by,
        client=client,
        choices={side.name: chosen[side.name] for side in sides if side.differs},
    )
    begin_sharing(winner, loser)
    journal_own_digests(merge.pk, winner, loser)
    counts: dict[str, int] = {}
    for relation in [*relations, *account_links()]:
        if journal(merge.pk, relation, loser=loser, winner=winner):
            journal_digests(merge.pk, relation, held=loser)
            counts[relation_key(relation)] = repoint(merge.pk, relation, held=loser, target=winner)
    follow_links(winner, loser)
    repoint_words(merge)
    wanted = {
        side.name: changes.get(side.column, (None, side.winner))[1]
        for side in sides
        # The page sends a choice for each field; one for what stays anyway is none.
        if chosen[side.name] != side.default
    }
    reason = f"Chosen when {values[loser]['name']} ({loser}) was merged into this account."
    hold_choices(merge, word, wanted, by=by, reason=reason)
    tombstone = timezone.now().isoformat()
    noted = [(winner, field_name(column), old, new) for column, (old, new) in changes.items()]
    noted.append((loser, "deleted_at", None, tombstone))
    MergedRow.objects.bulk_create(
        MergedRow(merge=merge, model=ACCOUNT, pk_values=[pk], column=name, old=old, new=new)
        for pk, name, old, new in noted
    )
    with touching({winner: Change.Kind.UPDATED, loser: Change.Kind.DELETED}):
        write_values(winner, {column: new for column, (_, new) in changes.items()}, values[winner])
        write_values(loser, {"deleted_at": tombstone}, values[loser])
    start_redirect(resource=RESOURCE, old_id=loser, new_id=winner, merge_id=merge.pk)
    told = {"merged_into": str(winner), "merge": merge.pk}
    log_change(loser, Change.Kind.MERGED, after=told)
    log_change(winner, Change.Kind.UPDATED, **difference(changes, values[winner]))
    merge.counts = counts
    merge.watermarks = {
        relation.label: number
        for relation in [*relations, *account_links()]
        if (number := last_number(relation)) is not None
    }
    merge.save(update_fields=["counts", "watermarks"])
    for following in followings():
        following.follow(winner, loser)
    return merge


def account_links() -> list[Relation]:
    """Return the fields by which other accounts point to one, as relations that move."""
    return [
        Relation(Account, str(link.column), link.attname, is_moved=True, why="", by_resource=False)
        for link in own_links()
    ]


def plurals() -> dict[str, str]:
    """Return the rows that merges count, in words, by what they are counted under."""
    return {relation_key(item): relation_plural(item) for item in [*moving(), *account_links()]}


@contextmanager
def touching(kinds: Mapping[int, str]) -> Iterator[None]:
    """Run what follows from changed accounts around the write of them; ``kinds`` says what becomes of each."""
    resource = accounts_resource()
    if not resource.effects:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("accounts", "identity/touch_accounts"),
            [list(kinds), [str(kind) for kind in kinds.values()]],
        )
    prepare_effects(resource)
    yield
    run_effects(resource)


def log_change(
    account_id: int, kind: str, *, before: Values | None = None, after: Values | None = None
) -> None:
    """Tell the feeds that an account changed in this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (xid,) = cursor.fetchone()
    Change.objects.create(
        resource=RESOURCE, object_id=account_id, kind=kind, before=before, after=after, xid=xid
    )


def difference(changes: Mapping[str, tuple[Any, Any]], held: Values) -> dict[str, Values]:
    """Return ``before`` and ``after`` of a change row; own fields stand there as a whole, as sync writes them."""
    before: Values = {}
    after: Values = {}
    custom = dict(held["custom"])
    for column, (old, new) in changes.items():
        if column.startswith(CUSTOM):
            custom[column.removeprefix(CUSTOM)] = new
        else:
            name = field_name(column)
            before[name], after[name] = old, new
    kept = {key: value for key, value in custom.items() if value is not None}
    if kept != held["custom"]:
        before["custom"], after["custom"] = held["custom"], kept
    return {"before": before, "after": after}


def _check_pair(winner: int, loser: int) -> dict[int, Account]:
    if winner == loser:
        raise MergeRefused("same_account", "An account can't be merged into itself.")
    accounts = Account.objects.in_bulk([winner, loser])
    for pk in (winner, loser):
        account = accounts.get(pk)
        if account is None:
            raise MergeRefused("unknown_account", f"There is no account {pk}.")
        merge = AccountMerge.objects.in_force().filter(loser=pk).first()
        if merge is not None:
            into = target_of(RESOURCE, pk)
            raise MergeRefused(
                "already_merged",
                f"{account.name} ({pk}) was merged into account {into} on {format_date(merge.merged_at.date())}.",
            )
        if account.deleted_at is not None:
            raise MergeRefused("deleted_account", f"{account.name} ({pk}) was deleted by its source.")
    return accounts


def _changes(
    sides: list[Side], chosen: Mapping[str, str], *, winner: int, loser: int, values: Mapping[int, Values]
) -> dict[str, tuple[Any, Any]]:
    """Return what the winner's columns become, with parents that can be."""
    changes = changes_of(sides, chosen)
    for link in own_links():
        column = str(link.column)
        held = values[winner][column]
        other = values[loser][column]
        picked = chosen[field_name(column)]
        wanted = [held, other] if picked == WINNER else [other, held]
        parent = safe_parent(column, winner=winner, loser=loser, wanted=wanted)
        changes.pop(column, None)
        if parent != held:
            changes[column] = (held, parent)
    return changes


def _chosen_parent(sides: list[Side], chosen: Mapping[str, str], column: str) -> Any:
    side = next(side for side in sides if side.column == column)
    return side.value(chosen[side.name])


def _count(relation: Relation, *, winner: int, loser: int) -> Count:
    movable_now = movable(relation, loser, winner).count()
    return Count(
        relation_key(relation),
        relation_plural(relation),
        movable_now,
        relation.rows_of(loser).count() - movable_now,
    )


def relation_key(relation: Relation) -> str:
    """Return what a merge counts the rows of a relation under."""
    return f"{relation.label}.{field_name(relation.column)}" if relation.model is Account else relation.label


def relation_plural(relation: Relation) -> str:
    """Return the rows of a relation in words."""
    if relation.model is not Account:
        return relation.plural
    return "divisions" if relation.column == "parent_id" else "accounts that it pays for"
