"""The home cards over accounts and their standing."""

from accounts.home_cards import charts, tables

__all__ = ["charts", "tables"]
