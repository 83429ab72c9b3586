"""What a tier can entitle to, declared in ``<app>/entitlements.py`` by the function that grants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from common.registry import Registry
from tiers.entitlements.values import ValueType

LEAST = "standard"


@dataclass(frozen=True, kw_only=True)
class EntitlementKind:
    """One thing that a tier entitles to, with its type of value and the values it comes with.

    ``defaults`` are values by the slug of a tier: they hold until a rule set is published, and are what a first
    draft starts from. A tier that isn't named has those of ``standard``. ``group`` heads it on pages and says
    whose lens shows it. One that is ``is_shareable`` is told to customers in the tier guide.
    """

    key: str
    label: str
    value: ValueType
    defaults: Mapping[str, Any]
    group: str
    order: int
    help: str = ""
    is_shareable: bool = True

    def default_for(self, tier: str) -> Any:
        """Return the value that a tier has before anybody published one."""
        return self.defaults.get(tier, self.defaults[LEAST])

    def words(self, value: Any) -> str:
        """Return a stored value in words with its unit."""
        return self.value.words(value)


@dataclass(frozen=True, kw_only=True)
class Clause:
    """The part of a contract that gave a value: in words, with the page that shows where it comes from."""

    words: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class ContractSource:
    """Where contracts say themselves what a tier would: their own clause counts instead.

    ``key`` is that of the entitlement. ``query`` takes a day and returns at most one row for each account whose
    contracts say it, as a mapping with ``account_id`` and whatever ``value`` and ``clause`` are made of; one
    for a span of time has its minutes as ``value``. Sources that share a query have it asked once; ``value`` returns
    None where a row says nothing of this kind. Only readers of ``category`` may see it.
    """

    key: str
    category: str
    query: Callable[[date], QuerySet[Any, Any]]
    value: Callable[[Mapping[str, Any]], Any]
    clause: Callable[[Mapping[str, Any]], Clause]


kinds: Registry[EntitlementKind] = Registry("entitlement", "entitlements")
contract_sources: Registry[ContractSource] = Registry("contract source", "entitlements")

register_entitlement = kinds.register
register_contract_source = contract_sources.register


def ordered_kinds(group: str = "") -> list[EntitlementKind]:
    """Return the kinds in the order of pages, those of one group if asked."""
    return sorted(
        (kind for kind in kinds if group in ("", kind.group)), key=lambda kind: (kind.order, kind.key)
    )


def check_entitlements(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report duplicates, contract sources of nothing, and defaults that the type itself would refuse."""
    found: list[CheckMessage] = [*kinds.check_duplicates(), *contract_sources.check_duplicates()]
    found += kinds.check_known((f"Contract source {source.key!r}", source.key) for source in contract_sources)
    for kind in kinds:
        if LEAST not in kind.defaults:
            found.append(
                Error(f"Entitlement {kind.key!r} has no default for {LEAST!r}.", id="entitlements.E003")
            )
        for tier, value in kind.defaults.items():
            try:
                stored = kind.value.check(value)
            except ValidationError as error:
                stored, why = None, "; ".join(error.messages)
            else:
                why = "it would be stored otherwise"
            if stored != value:
                text = f"The default of {kind.key!r} for {tier!r} is refused: {why}."
                found.append(Error(text, id="entitlements.E004"))
    return found
