"""Accounts' sections of the configuration: domains that many share, and the words of the tiers."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.identity.domains import normalise_domain
from accounts.identity.services import share_domain, unshare_domain
from accounts.models import SharedDomain, Tier
from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked, sections
from people.configuration.restoring import undo_rows
from people.configuration.shapes import ListOf, Text
from people.models import User


def export_domains() -> list[str]:
    """Return the shared domains in their order."""
    return list(SharedDomain.objects.order_by("domain").values_list("domain", flat=True))


def plan_domains(data: Sequence[str], is_published: bool) -> list[str]:
    """Say which domains begin or cease to be shared. Raises ConfigError for what is no domain."""
    problems = []
    for place, domain in enumerate(data):
        try:
            normalised = normalise_domain(domain)
        except ValueError:
            normalised = ""
        if normalised != domain:
            remedy = f"Write {normalised}." if normalised else "Write one such as gmail.com."
            problems.append(Problem(f"[{place}]", f"“{domain[:60]}” is no plain domain.", remedy))
    if problems:
        raise ConfigError(problems)
    held, wished = set(export_domains()), set(data)
    return [
        *(f"{domain} no longer tells companies apart" for domain in sorted(wished - held)),
        *(f"{domain} tells companies apart again" for domain in sorted(held - wished)),
    ]


def apply_domains(data: Sequence[str], by: User | None, is_published: bool) -> None:
    """Share and unshare domains."""
    wished = set(data)
    for shared in SharedDomain.objects.exclude(domain__in=wished):
        unshare_domain(domain=shared)
    for domain in sorted(wished):
        share_domain(domain=domain, by=by)


sections.register(
    ConfigSection(
        key="shared_domains",
        label="Shared domains",
        url_name="accounts:domains",
        tracks=(
            Tracked(
                model=SharedDomain,
                noun="Domain",
                name=lambda event: str(event.domain),
                labels={"domain": "domain"},
            ),
        ),
        undo=undo_rows,
        file=ConfigFile(
            shape=ListOf(Text(longest=255), most=20_000),
            export=export_domains,
            plan=plan_domains,
            apply=apply_domains,
        ),
    )
)
sections.register(
    ConfigSection(
        key="tier_words",
        label="Words of the tiers",
        tracks=(
            Tracked(
                model=Tier,
                noun="Tier",
                name=lambda event: str(event.label),
                labels={"slug": "key", "label": "name", "rank": "rank"},
            ),
        ),
        undo=undo_rows,
    )
)
