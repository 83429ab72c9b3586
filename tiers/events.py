"""What other systems are told of tiers."""

from sync.events import EventKind, event_kinds

event_kinds.register(
    EventKind(
        key="tier.changed",
        label="Tier changed",
        members="as_of, before and after (slug), cause and reason in words",
    )
)
