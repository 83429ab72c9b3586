"""What people write on a ticket here: replies, notes, other statuses and priorities, as records of the source ``abe``.

The help desk takes them over by the API and repeats them; a repetition is the same event (``TicketEvent.echo_of``).
"""
