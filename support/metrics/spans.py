"""The spans of days over which numbers of the help desk are counted, and words that several share."""

RECENT_DAYS = 30
NORM_DAYS = 90

IN_TIER = "Accounts count in the tier they have on the day."
