"""Routing: which queue, team and engineer a ticket goes to, and why."""
