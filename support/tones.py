"""How a ticket's priority and status look."""

from support.models import Priority, Status

PRIORITY_TONE: dict[str, str] = {Priority.URGENT: "red", Priority.HIGH: "amber"}
STATUS_TONE: dict[str, str] = {
    Status.NEW: "blue",
    Status.OPEN: "blue",
    Status.PENDING: "violet",
    Status.ON_HOLD: "violet",
    Status.SOLVED: "green",
    Status.CLOSED: "neutral",
}
