"""The home cards over accounts and their standing."""

from accounts.home_cards import approvals, charts, lists, tables

__all__ = ["approvals", "charts", "lists", "tables"]
