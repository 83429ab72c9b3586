"""Support's sections of the configuration."""

from support.calendars import config as _calendars  # noqa: F401 - declares the calendars
from support.escalations import config as _escalations  # noqa: F401 - declares the escalation ladders
from support.policies import config as _policies  # noqa: F401 - declares the policies
from support.routing import config as _routing  # noqa: F401 - declares the routing rules
from support.teams import config as _teams  # noqa: F401 - declares the teams
