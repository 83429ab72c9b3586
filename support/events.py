"""What other systems are told of tickets."""

from sync.events import EventKind, event_kinds

event_kinds.register(
    EventKind(
        key="ticket.recorded",
        label="Ticket answered or changed here",
        members="ticket (id and external_ids), event (external_id in the source abe, kind, occurred_at, value, body, "
        "author_email). Repeat it as a ticket event with echo_of, and the two are one",
    )
)
