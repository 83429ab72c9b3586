"""Keys of what people are told about clocks (``support.notices`` declares them)."""

WARNINGS = "support_warnings"
BREACHES = "support_breaches"
