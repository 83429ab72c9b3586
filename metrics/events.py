"""What other systems are told of numbers."""

from sync.events import EventKind, event_kinds

event_kinds.register(
    EventKind(
        key="health.changed",
        label="Health band changed",
        members="as_of, before and after (band, score)",
    )
)
