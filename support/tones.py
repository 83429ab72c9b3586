"""How a ticket's priority looks."""

from support.models import Priority

PRIORITY_TONE = {Priority.URGENT: "red", Priority.HIGH: "amber"}
