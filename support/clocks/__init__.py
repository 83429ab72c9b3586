"""Clocks of tickets: what was promised, when it is due, and how that came.

``replay`` is the engine: a pure function from what is known of a ticket to its ledger.
"""
