"""Accounts' sections of the configuration: shared domains, target lists and views, and the words of the tiers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from accounts.identity.domains import normalise_domain
from accounts.identity.services import share_domain, unshare_domain
from accounts.listing.spec import MOST_VALUES
from accounts.lists.configuration.lists import apply_lists, export_lists, live_lists, plan_lists
from accounts.lists.configuration.names import entry_key
from accounts.lists.configuration.views import apply_views, export_views, plan_views
from accounts.lists.errors import ListRefused
from accounts.lists.models import LONGEST_NAME, Sharing
from accounts.models import SharedDomain, Tier
from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked, sections
from people.configuration.restoring import undo_rows
from people.configuration.shapes import ANYTHING, ListOf, MapOf, Nullable, Record, Text
from people.functions import Function
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


def export_lists_and_views() -> dict[str, Any]:
    """Return shared target lists, without their members, and shared views."""
    return {"target_lists": export_lists(), "views": export_views(live_lists())}


def plan_lists_and_views(data: Mapping[str, Any], is_published: bool) -> list[str]:
    """Say which lists and views would be made, changed and deleted. Raises ConfigError."""
    said: list[str] = []
    problems: list[Problem] = []
    coming = {entry_key(entry) for entry in data["target_lists"]}
    plans: dict[str, Callable[[], list[str]]] = {
        "target_lists": lambda: plan_lists(data["target_lists"]),
        "views": lambda: plan_views(data["views"], live_lists(), coming),
    }
    for name, plan in plans.items():
        try:
            said += plan()
        except ConfigError as error:
            problems += _below(name, error)
    if problems:
        raise ConfigError(problems)
    return said


def apply_lists_and_views(data: Mapping[str, Any], by: User | None, is_published: bool) -> None:
    """Make, change and delete lists, then views, which may filter by them."""
    writes: dict[str, Callable[[], None]] = {
        "target_lists": lambda: apply_lists(data["target_lists"], by),
        "views": lambda: apply_views(data["views"], by, live_lists()),
    }
    for name, write in writes.items():
        try:
            write()
        except ConfigError as error:
            raise ConfigError(_below(name, error)) from error
        except ListRefused as refused:
            raise ConfigError([Problem(name, refused.detail)]) from refused


def _below(name: str, error: ConfigError) -> list[Problem]:
    return [Problem(f"{name}{one.path}", one.message, one.remedy) for one in error.problems]


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
        key="lists",
        label="Target lists and shared views",
        url_name="accounts:target_lists",
        file=ConfigFile(
            shape=Record(
                {
                    "target_lists": ListOf(
                        Record(
                            {
                                "name": Text(longest=LONGEST_NAME),
                                "owner": Text(longest=254),
                                "purpose": Text(may_be_empty=True),
                                "condition": Nullable(MapOf(ANYTHING)),
                            }
                        )
                    ),
                    "views": ListOf(
                        Record(
                            {
                                "name": Text(longest=LONGEST_NAME),
                                "owner": Text(longest=254),
                                "sharing": Text(choices=[Sharing.FUNCTIONS.value, Sharing.ALL.value]),
                                "functions": ListOf(Text(choices=Function.values)),
                                "params": MapOf(ListOf(Text(longest=2000), most=MOST_VALUES)),
                                "where": Nullable(MapOf(ANYTHING)),
                            },
                            optional={"begins_for": ListOf(Text(choices=Function.values))},
                        )
                    ),
                }
            ),
            export=export_lists_and_views,
            plan=plan_lists_and_views,
            apply=apply_lists_and_views,
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
