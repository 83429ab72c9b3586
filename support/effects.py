"""What follows when tickets, their events and ratings arrive: whose a rating is, and what each event changed."""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper
from psycopg import sql

from common.sql import load_sql
from sync.declarations import Effect

# What ``timeline_rule`` tells again instead of what a batch touched.
EVENTS_CONCERNED = ("support", "events_concerned")
RATINGS_OF_TICKETS = ("support", "ratings_of_tickets")


def _note_tickets_of_events(cursor: CursorWrapper) -> None:
    """Note the tickets that events are taken away from; those of new events are noted after."""
    cursor.execute(load_sql("support", "concerned_make"))
    cursor.execute(load_sql("support", "concerned_by_events"))


def _follow_events(cursor: CursorWrapper) -> None:
    cursor.execute(load_sql("support", "concerned_by_events"))
    cursor.execute(load_sql("support", "values_before"))


def _follow_tickets(cursor: CursorWrapper) -> None:
    cursor.execute(load_sql("support", "concerned_make"))
    cursor.execute(load_sql("support", "concerned_by_tickets"))
    _follow_accounts(cursor, by_rating=False)


def _follow_ratings(cursor: CursorWrapper) -> None:
    _follow_accounts(cursor, by_rating=True)


def _follow_accounts(cursor: CursorWrapper, *, by_rating: bool) -> None:
    cursor.execute(load_sql("support", "rating_accounts", by_rating=sql.Literal(by_rating)))


def _forget_concerned(cursor: CursorWrapper) -> None:
    cursor.execute(load_sql("support", "concerned_forget"))


def _mark_clocks(cursor: CursorWrapper) -> None:
    cursor.execute(load_sql("support", "clock_mark_concerned"))


follow_events = Effect(_follow_events, prepare=_note_tickets_of_events)
follow_tickets = Effect(_follow_tickets)
follow_ratings = Effect(_follow_ratings)
mark_clocks = Effect(_mark_clocks)
# Comes last: other effects read which tickets are concerned.
forget_concerned = Effect(_forget_concerned)
