"""What other systems are told of accounts, made from the change log, and of target lists."""

from sync.events import EventKind, event_kinds

MEMBERS = "change, source, before and after (the fields that changed)"

for verb, changes in {
    "created": ("created",),
    "updated": ("updated", "restored", "unmerged"),
    "merged": ("merged",),
    "deleted": ("deleted",),
}.items():
    event_kinds.register(
        EventKind(
            key=f"account.{verb}",
            label=f"Account {verb}",
            members=MEMBERS,
            resource="accounts",
            changes=changes,
        )
    )

event_kinds.register(
    EventKind(
        key="list.changed",
        label="Target list changed",
        members="list, name, kind (static or rule), version, cause, by, members (how many are on it), part, parts, and "
        "added and removed: ids of at most 1,000 accounts in all. A larger change is told in several parts. Who takes "
        "in every part holds the list; one that is shared or closed to others is told as a whole",
    )
)
