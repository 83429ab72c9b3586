"""The scoreboard: what each function is measured by, what it is held to, and how it stands."""
