"""The pods' section of the configuration."""

from people.configuration.registry import sections
from pods.surveys.config import SECTION

sections.register(SECTION)
