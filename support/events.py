"""What other systems are told of tickets."""

from sync.events import EventKind, event_kinds

_CLOCK = (
    "ticket (id and external_ids), clock (metric, cycle, percent of the target that is used up, minutes of the "
    "target, due_at, passed_at)"
)

event_kinds.register(
    EventKind(
        key="sla.warned",
        label="Promise to a customer running out",
        members=f"{_CLOCK}; of several shares that passed at once the last",
    )
)
event_kinds.register(EventKind(key="sla.breached", label="Promise to a customer late", members=_CLOCK))
event_kinds.register(
    EventKind(
        key="ticket.recorded",
        label="Ticket answered or changed here",
        members="ticket (id and external_ids), event (external_id in the source abe, kind, occurred_at, value, body, "
        "author_email). Repeat it as a ticket event with echo_of, and the two are one",
    )
)
