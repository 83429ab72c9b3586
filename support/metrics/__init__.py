"""Numbers of the help desk, per account and per segment. Each module declares those of one subject."""

from support.metrics import answers, promises, ratings, tickets, work

__all__ = ["answers", "promises", "ratings", "tickets", "work"]
