"""What other systems are told of contracts."""

from sync.events import EventKind, event_kinds

RENEWAL_DUE = event_kinds.register(
    EventKind(
        key="contract.renewal_due",
        label="Contract renewal due",
        members="as_of, on (the day of the account's next renewal, once it is 90 days away)",
    )
)
