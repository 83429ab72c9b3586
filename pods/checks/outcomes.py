"""What can come of a health check."""

FINE, WATCH, ACT = "fine", "watch", "act"
OUTCOMES = {FINE: "Fine", WATCH: "Watch", ACT: "Act"}
NEED_A_NOTE = (WATCH, ACT)
TONES = {FINE: "green", WATCH: "amber", ACT: "red"}
