"""The company that the tests look at: whole but for its events, of which a few are enough."""

from datetime import date

TODAY = date(2026, 11, 22)
SCALE = 0.03
