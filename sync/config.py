"""Sync's sections of the configuration."""

from people.configuration.registry import sections
from sync.configuration import freshness, precedence, programs

for section in (
    precedence.SECTION,
    freshness.SECTION,
    programs.WEBHOOKS,
    programs.CONNECTIONS,
    programs.SOURCES,
    programs.TOKENS,
):
    sections.register(section)
