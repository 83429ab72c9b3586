"""Previews of policies: the tickets of the last 90 days, told by a version and by the one in force."""
