"""The dunning policy as a section of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError

from common.formatting import format_count
from finance.collections.policy import (
    MOST_ATTEMPTS,
    MOST_DAYS,
    MOST_STAGES,
    Stage,
    check_stages,
    content_of,
    policy_differences,
    policy_in_force,
    stage_of,
)
from finance.collections.policy_services import (
    create_policy_draft,
    publish_policy,
    retire_policy,
    save_policy_draft,
)
from finance.collections.preview import ANCIENT_DAYS, changes_under
from finance.models import DunningPolicy
from metrics.engine.plan import today
from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked, sections
from people.configuration.shapes import ListOf, MapOf, Nullable, Number, Record, Text
from people.models import User

IN_FORCE = "in_force"


def export_policy() -> dict[str, Any]:
    """Return the version in force, null where none is."""
    held = policy_in_force()
    return {IN_FORCE: content_of(held) if held else None}


def plan_policy(section: Mapping[str, Any], is_published: bool) -> list[str]:
    """Say what would be drafted, published or retired. Raises ConfigError for what no policy can say."""
    held, data = export_policy()[IN_FORCE], section[IN_FORCE]
    if data is None:
        return ["Dunning policy: taken out of force."] if held and is_published else []
    try:
        stages = _stages(data)
        check_stages(stages, data["tiers"])
    except ValidationError as error:
        raise ConfigError(
            [Problem(_place(name), told) for name, found in error.message_dict.items() for told in found]
        ) from error
    wanted = {"tiers": sorted(set(data["tiers"])), "stages": [stage.as_data() for stage in stages]}
    drafts = [] if is_published else [content_of(draft) for draft in DunningPolicy.objects.drafts()]
    if wanted == held or wanted in drafts:
        return []
    done = "a new version is published" if is_published else "a new draft"
    asked = f" {_whom_it_asks(wanted)}" if is_published else ""
    return [f"Dunning policy: {done} ({' '.join(policy_differences(held, wanted))}){asked}"]


def _whom_it_asks(wanted: Mapping[str, Any]) -> str:
    """Say in a sentence what publishing a policy does today, above all to debts that are long forgotten."""
    rows = changes_under(DunningPolicy(**wanted), policy_in_force(), today())
    asked = format_count(sum(row.after.verdict.is_due for row in rows), "mail")
    ancient = sum(row.is_ancient for row in rows)
    late = f", {ancient} of them for the first time after more than {ANCIENT_DAYS} days" if ancient else ""
    return f"It asks by {asked} today{late}."


def apply_policy(section: Mapping[str, Any], by: User | None, is_published: bool) -> None:
    """Draft what is new; publish or retire only where ``is_published``."""
    if not plan_policy(section, is_published):
        return
    data = section[IN_FORCE]
    if data is None:
        held = policy_in_force()
        if held is not None:
            retire_policy(policy=held, by=by)
        return
    draft = save_policy_draft(
        policy=create_policy_draft(by=by),
        by=by,
        stages=_stages(data),
        tiers=data["tiers"],
        note="Imported from a file.",
    )
    if is_published:
        publish_policy(policy=draft, by=by)


def _stages(data: Mapping[str, Any]) -> list[Stage]:
    """Return the stages of a file in their order; raises ValidationError for amounts that are none."""
    found = []
    for place, each in enumerate(data["stages"]):
        whole = {name: int(each[name]) for name in ("days_overdue", "attempts", "delay_days")}
        try:
            stage = stage_of({**each, **whole})
        except InvalidOperation:
            stage = None
        if stage is None or not all(amount.is_finite() for amount in stage.thresholds.values()):
            raise ValidationError({f"stages.{place}.thresholds": ["Use amounts such as '150' or '99.50'."]})
        found.append(stage)
    return sorted(found, key=lambda stage: stage.days_overdue)


def _place(name: str) -> str:
    parts = name.split(".")
    return f"{IN_FORCE}.stages[{parts[1]}].{parts[2]}" if len(parts) == 3 else f"{IN_FORCE}.{name}"


_stage = Record(
    {
        "name": Text(longest=64),
        "days_overdue": Number(1, MOST_DAYS, is_whole=True),
        "attempts": Number(1, MOST_ATTEMPTS, is_whole=True),
        "delay_days": Number(1, MOST_DAYS, is_whole=True),
        "thresholds": MapOf(Text(longest=20)),
        "subject": Text(longest=150),
        "text": Text(longest=5_000),
    }
)
_policy = Record(
    {"tiers": ListOf(Text(longest=32), most=50), "stages": ListOf(_stage, least=1, most=MOST_STAGES)}
)
sections.register(
    ConfigSection(
        key="dunning",
        label="Dunning policy",
        url_name="finance:dunning_policy",
        tracks=(
            Tracked(
                model=DunningPolicy,
                noun="",
                name=lambda event: f"Dunning policy, version {event.version}",
                labels={"state": "state", "tiers": "tiers", "stages": "stages", "note": "note"},
                show={
                    "state": lambda value: str(DunningPolicy.State(value).label).lower(),
                    "tiers": lambda value: ", ".join(value) or "every tier",
                    "stages": lambda value: ", ".join(stage["name"] for stage in value) or "none",
                },
            ),
        ),
        no_undo="A published policy is never edited: begin a draft from the earlier version and publish it.",
        file=ConfigFile(
            shape=Record({IN_FORCE: Nullable(_policy)}),
            export=export_policy,
            plan=plan_policy,
            apply=apply_policy,
        ),
    )
)
