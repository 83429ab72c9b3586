"""What other systems are told of accounts, made from the change log."""

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
