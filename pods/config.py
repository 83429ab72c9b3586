"""The pods' sections of the configuration."""

from people.configuration.registry import sections
from pods.checks import config as checks
from pods.surveys import config as surveys

for section in (checks.SECTION, surveys.SECTION):
    sections.register(section)
