"""Take a merge back, and say what of it could not be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.identity.claims import follow_links, hold_value, stop_sharing, take_back_words
from accounts.identity.digests import forget_digests, forget_own_digests, spoke_since
from accounts.identity.errors import MergeRefused
from accounts.identity.fields import (
    CUSTOM,
    Values,
    column_of,
    compare,
    field_name,
    label_of,
    read_values,
    write_values,
)
from accounts.identity.hierarchy import closes_circle
from accounts.identity.merge import (
    ACCOUNT,
    RESOURCE,
    account_links,
    difference,
    log_change,
    relation_key,
    relation_plural,
    touching,
)
from accounts.identity.models import AccountMerge, MergedRow
from accounts.identity.moving import CameSince, came_since, fates, lock_resources, repoint
from accounts.identity.relations import Relation, followings, moving, own_links
from accounts.models import TimelineEvent
from common.sql import load_sql
from people.models import User
from sync.models import Change, Client, Link
from sync.redirects import end_redirect

TO_LOSER = "loser"
TO_WINNER = "winner"
ELSEWHERE = "elsewhere"
GONE = "gone"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that changed since the merge: how many rows of what, where they go, and why."""

    what: str
    where: str
    why: str
    count: int = 1
    field: str = ""


@dataclass(slots=True)
class Plan:
    """What taking a merge back does: rows that return, the values that do, and what can't be as it was."""

    merge: AccountMerge
    returns: dict[str, int] = field(default_factory=dict)
    plurals: dict[str, str] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    values: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    loser_values: dict[str, Any] = field(default_factory=dict)
    later: list[tuple[int, Any]] = field(default_factory=list)
    parents: list[tuple[int, str, Any]] = field(default_factory=list)
    came_since: list[CameSince] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many rows return in all."""
        return sum(self.returns.values())

    @property
    def return_list(self) -> list[tuple[str, int]]:
        """The rows that return, in words."""
        return [(self.plurals[key], count) for key, count in self.returns.items() if count]


def plan_unmerge(*, merge: int) -> Plan:
    """Return what taking a merge back would do, without doing it.

    Raises MergeRefused: ``unknown_merge``, ``already_unmerged``, ``merged_further`` where the winner itself
    was merged since, so that that merge has to be taken back first.
    """
    found = AccountMerge.objects.select_related("winner", "loser").filter(pk=merge).first()
    if found is None:
        raise MergeRefused("unknown_merge", f"There is no merge {merge}.")
    if found.unmerged_at is not None:
        raise MergeRefused("already_unmerged", "This merge has been taken back already.")
    further = AccountMerge.objects.in_force().filter(loser=found.winner_id).select_related("winner").first()
    if further is not None:
        raise MergeRefused(
            "merged_further",
            f"{found.winner.name} itself was merged into {further.winner.name} since. Take that merge back first.",
        )
    plan = Plan(found)
    for relation in [*moving(), *account_links()]:
        _plan_rows(plan, relation)
    held = read_values(found.winner_id, found.loser_id)
    _plan_values(plan, held[found.winner_id])
    _plan_parents(plan, held)
    _plan_tombstones(plan, held)
    return plan


@transaction.atomic
def unmerge_accounts(*, merge: int, by: User | None = None, client: Client | None = None) -> Plan:
    """Take a merge back; return what was done, with the conflicts that are kept on the merge too.

    Every row that is still where the merge put it returns. What sources or people changed since stays as it is
    and is reported; what came since goes to the loser where it came from a source that knew only the loser.
    Locks as ``merge_accounts`` does. Raises MergeRefused as ``plan_unmerge`` does.
    """
    lock_resources()
    merge_row = AccountMerge.objects.select_for_update().filter(pk=merge).first()
    if merge_row is not None:
        for following in followings():
            following.hold(merge_row.winner_id, merge_row.loser_id)
        read_values(merge_row.winner_id, merge_row.loser_id, lock=True)
    plan = plan_unmerge(merge=merge)
    found = plan.merge
    winner, loser = found.winner_id, found.loser_id
    for came in plan.came_since:
        came.forget_digests()
        came.journal_losers(found.pk, loser=loser, winner=winner)
    forget_own_digests(found.pk, winner=winner, loser=loser)
    for relation in [*moving(), *account_links()]:
        if plan.returns.get(relation_key(relation)):
            forget_digests(found.pk, relation, winner=winner)
            repoint(found.pk, relation, held=winner, target=loser)
    follow_links(winner, loser)
    take_back_words(found)
    held = read_values(winner, loser)
    with touching({winner: Change.Kind.UPDATED, loser: Change.Kind.RESTORED}):
        write_values(winner, {column: new for column, (_, new) in plan.values.items()}, held[winner])
        write_values(loser, plan.loser_values, held[loser])
    for pk, old in plan.later:
        MergedRow.objects.filter(pk=pk).update(old=old)
    end_redirect(resource=RESOURCE, old_id=loser)
    log_change(loser, Change.Kind.UNMERGED, after={"merge": found.pk})
    log_change(winner, Change.Kind.UPDATED, **difference(plan.values, held[winner]))
    _let_sources_decide(plan)
    found.unmerged_at = timezone.now()
    found.unmerged_by = by
    found.unmerge_client = client
    found.report = [asdict(conflict) for conflict in plan.conflicts]
    found.save(update_fields=["unmerged_at", "unmerged_by", "unmerge_client", "report"])
    for following in followings():
        following.follow(winner, loser)
    return plan


def _let_sources_decide(plan: Plan) -> None:
    """Give each account what its own records say, also where that was said since the merge."""
    merge = plan.merge
    ids = (merge.winner_id, merge.loser_id)
    before = read_values(*ids)
    names = {merge.winner_id: merge.winner.name, merge.loser_id: merge.loser.name}
    where = {merge.winner_id: TO_WINNER, merge.loser_id: TO_LOSER}
    for account, name, value in plan.parents:
        hold_value(account, name, value, "Taking a merge back would have made the account its own ancestor.")
    for account, why in stop_sharing(*ids):
        plan.conflicts.append(
            Conflict(names[account], where[account], f"What its sources say doesn't fit: {why}")
        )
    after = read_values(*ids)
    for account in ids:
        for side in compare(after[account], before[account], {}):
            if side.differs:
                why = f"It is {_told(side.winner)} now, which is what the records of {names[account]} say."
                plan.conflicts.append(Conflict(label_of(side.name), where[account], why, field=side.name))


def _plan_rows(plan: Plan, relation: Relation) -> None:
    merge = plan.merge
    key = relation_key(relation)
    plural = plan.plurals[key] = relation_plural(relation)
    fate = fates(merge.pk, relation, held=merge.winner_id)
    plan.returns[key] = fate.held
    if fate.elsewhere:
        why = "They were moved to another account since the merge, and stay there."
        plan.conflicts.append(Conflict(plural, ELSEWHERE, why, fate.elsewhere))
    if fate.gone:
        plan.conflicts.append(Conflict(plural, GONE, "They were removed since the merge.", fate.gone))
    if again := spoke_since(merge.pk, relation, winner=merge.winner_id):
        why = (
            "They were sent again since the merge, by a source that knows both accounts. "
            f"What it means for {merge.winner.name} by now moves there when it is next sent."
        )
        plan.conflicts.append(Conflict(plural, TO_LOSER, why, again))
    watermark = merge.watermarks.get(relation.label)
    if watermark is None or relation.model is TimelineEvent:  # lines of the timeline follow what they tell of
        return
    came = came_since(merge.pk, relation, winner=merge.winner_id, watermark=watermark)
    winners, losers = came.count()
    if not winners and not losers:
        return
    plan.came_since.append(came)
    if losers:
        plan.returns[key] += losers
        why = f"They came since the merge from a source that knew only {merge.loser.name}."
        plan.conflicts.append(Conflict(plural, TO_LOSER, why, losers))
    if winners:
        why = (
            f"They came since the merge, and nothing says that they belong to {merge.loser.name}. "
            "A source that says otherwise moves them with its next update."
        )
        plan.conflicts.append(Conflict(plural, TO_WINNER, why, winners))


def _plan_values(plan: Plan, held: Values) -> None:
    """Decide for each value that the merge gave the winner whether the one before returns."""
    merge = plan.merge
    links = [link.column for link in own_links()]
    rows = MergedRow.objects.filter(merge=merge, model=ACCOUNT, pk_values=[merge.winner_id])
    for row in rows.exclude(column__in=links).order_by("pk"):
        column = column_of(row.column)
        now = _value(held, column)
        if now == row.new:
            plan.values[column] = (now, row.old)
        if now in (row.new, row.old):
            continue
        later = _later_row(merge, row)
        if later is not None:
            plan.later.append((later.pk, row.old))
            why = f"A later merge changed it; taking that one back brings {_told(row.old)}."
        else:
            why = f"It was changed since to {_told(now)}; before the merge it held {_told(row.old)}."
        plan.conflicts.append(Conflict(label_of(row.column), TO_WINNER, why, field=row.column))
    plan.loser_values["deleted_at"] = None


def _plan_parents(plan: Plan, held: dict[int, Values]) -> None:
    """Leave out a parent that would close a circle with what has changed since."""
    merge = plan.merge
    winner, loser = merge.winner_id, merge.loser_id
    for relation in account_links():
        column = relation.column
        below = MergedRow.objects.filter(merge=merge, model=ACCOUNT, column=column)
        parents: dict[int, int | None] = dict.fromkeys(below.values_list("pk_values__0", flat=True), loser)
        parents[loser] = held[loser][column]
        parents[winner] = plan.values[column][1] if column in plan.values else held[winner][column]
        name = field_name(column)
        if closes_circle(column, start=loser, parents=parents):
            plan.loser_values[column] = parents[loser] = None
            plan.parents.append((loser, name, None))
            why = "It would be its own ancestor by now, so it stays empty."
            plan.conflicts.append(Conflict(label_of(name), TO_LOSER, why, field=name))
        if column in plan.values and closes_circle(column, start=winner, parents=parents):
            del plan.values[column]
            plan.parents.append((winner, name, held[winner][column]))
            why = "The account would be its own ancestor by now, so it stays as it is."
            plan.conflicts.append(Conflict(label_of(name), TO_WINNER, why, field=name))


def _plan_tombstones(plan: Plan, held: dict[int, Values]) -> None:
    """Let an account whose records were all deleted by their sources since be deleted."""
    merge = plan.merge
    losers = set(
        MergedRow.objects.filter(merge=merge, model=Link._meta.label, column="object_id").values_list(
            "pk_values__0", flat=True
        )
    )
    links = dict(
        Link.objects.filter(resource=RESOURCE, object_id=merge.winner_id).values_list("pk", "deleted_at")
    )
    theirs = [pk for pk in links if pk in losers]
    ours = [pk for pk in links if pk not in losers]
    why = "Its sources deleted its records since the merge."
    if (moment := _all_deleted(theirs)) is not None:
        plan.loser_values["deleted_at"] = moment
        plan.conflicts.append(Conflict(merge.loser.name, TO_LOSER, why))
    if held[merge.winner_id]["deleted_at"] is None and (moment := _all_deleted(ours)) is not None:
        plan.values["deleted_at"] = (None, moment)
        plan.conflicts.append(Conflict(merge.winner.name, TO_WINNER, why))


def _all_deleted(links: Sequence[int]) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(load_sql("accounts", "identity/dead_links"), [list(links)])
        row = cursor.fetchone()
    return None if row is None else row[0].isoformat()


def _later_row(merge: AccountMerge, row: MergedRow) -> MergedRow | None:
    """Return what a later merge into the same account noted of a value that this one had written."""
    later = MergedRow.objects.filter(
        model=ACCOUNT,
        pk_values=row.pk_values,
        column=row.column,
        merge__winner=merge.winner_id,
        merge__unmerged_at=None,
        pk__gt=row.pk,
    )
    first = later.order_by("pk").first()
    return first if first is not None and first.old == row.new else None


def _value(held: Values, column: str) -> Any:
    if column.startswith(CUSTOM):
        return held["custom"].get(column.removeprefix(CUSTOM))
    return held[column]


def _told(value: Any) -> str:
    return "nothing" if value in (None, "", []) else str(value)
