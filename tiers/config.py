"""Tiers' sections of the configuration: the rules with what tiers entitle to, overrides, links to the guide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from accounts.models import Account, Tier
from people.configuration.history import DELETED, INSERTED, NOTHING, Line, Step, spoken
from people.configuration.registry import ConfigFile, ConfigSection, Tracked, sections
from people.models import User
from tiers.configuration import RulesShape, apply_rules, export_rules, plan_rules
from tiers.content import RuleSetError
from tiers.entitlements.registry import kinds
from tiers.models import EntitlementValue, GuideLink, RuleSet, RuleSetRevision, TierOverride
from tiers.services import bring_back_draft
from tiers.words import differences

NO_UNDO = (
    "What was published is never edited. Begin a draft from the earlier version and publish that: its preview shows "
    "who moves."
)


def _tier(key: int) -> str:
    return str(Tier.objects.filter(pk=key).first() or "a removed tier")


def _account(key: int) -> str:
    return str(Account.objects.filter(pk=key).values_list("name", flat=True).first() or "a removed account")


def _version(key: int) -> str:
    return str(RuleSet.objects.filter(pk=key).first() or "a draft that was thrown away")


def _state(value: str) -> str:
    return str(RuleSet.State(value).label).lower()


def _if_changed(value: str) -> str:
    return str(RuleSet.IfChanged(value).label).lower()


VERSIONS = Tracked(
    model=RuleSet,
    noun="",
    name=lambda event: f"Version {event.version}",
    labels={
        "state": "state",
        "starts_on": "from",
        "if_changed": "if more would change",
        "held_why": "why it is held",
        "ends_on": "until",
        "digest": "content",
        "note": "note",
        "minimum_dwell_days": "minimum dwell",
        "demotion_grace_days": "demotion grace",
        "demotions_need_approval": "demotions need approval",
    },
    show={"state": _state, "if_changed": _if_changed},
)
VALUES = Tracked(
    model=EntitlementValue,
    noun="",
    name=lambda event: f"{_version(event.rule_set_id)}, {_tier(event.tier_id)}",
    labels={"value": "value"},
)


def tell_versions(steps: Sequence[Step]) -> list[Line]:
    """Say what was drafted, changed and published, with the differences of the rules in sentences."""
    lines = [line for step in steps if step.tracked is VERSIONS for line in _lines_of_version(step)]
    told = {line.what for line in lines}
    for step in steps:
        if step.tracked is VALUES and step.kind != INSERTED:
            kind = kinds.get(step.event.key)
            words = kind.words if kind else spoken
            label = kind.label if kind else step.event.key
            before, after = (
                words(side.value) if side is not None else "" for side in (step.before, step.after)
            )
            lines.append(Line(step.name, label, before, after))
    added = sum(step.tracked is VALUES and step.kind == INSERTED for step in steps)
    if added and not told:
        lines.append(Line(f"{added} entitlements written"))
    return lines


def _lines_of_version(step: Step) -> Iterator[Line]:
    if step.kind == INSERTED:
        yield Line(step.name, "", NOTHING, _state(step.after.state))
        return
    if step.kind == DELETED:
        note = f", “{step.before.note}”" if step.before.note else ""
        yield Line(step.name, "", f"{_state(step.before.state)}{note}", NOTHING)
        return
    for part in step.parts:
        if part.field != "digest":
            yield Line(step.name, part.label, part.before, part.after)
        elif step.before is not None and step.before.digest:
            for sentence in differences(_content(step, step.before), _content(step, step.after)):
                yield Line(f"{step.name}: {sentence}")


def _content(step: Step, side: Any) -> Any:
    held = RuleSetRevision.objects.filter(digest=side.digest).first()
    return held.content if held else {}


def what_is_newer(steps: Sequence[Step]) -> list[str]:
    """Say why a change can't be taken back: all but throwing a draft away is changed by another version."""
    thrown = _thrown_away(steps)
    if not thrown:
        return [NO_UNDO]
    said = []
    for step in thrown:
        again = RuleSet.objects.drafts().filter(digest=step.before.digest).first()
        if again is not None:
            said.append(f"{again} is a draft that says the same.")
        elif not RuleSetRevision.objects.filter(digest=step.before.digest).exists():
            said.append(f"What {step.name} said was not kept.")
    return said


def bring_back(steps: Sequence[Step], by: User) -> None:
    """Begin the drafts again that were thrown away."""
    for step in _thrown_away(steps):
        base = RuleSet.objects.filter(pk=step.before.based_on_id).first()
        try:
            bring_back_draft(digest=step.before.digest, based_on=base, by=by)
        except RuleSetError as error:
            raise ValidationError([str(problem) for problem in error.problems]) from error


def effect_of_bringing_back(steps: Sequence[Step]) -> list[str]:
    """Say what comes back, and under which number."""
    newest = RuleSet.objects.newest_first().values_list("version", flat=True).first() or 0
    return [
        f"It comes back as a draft, version {newest + place}, with its rules, terms and entitlements. Nothing changes "
        "for accounts."
        for place, _ in enumerate(_thrown_away(steps), start=1)
    ]


def _thrown_away(steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if step.tracked is VERSIONS and step.kind == DELETED]


sections.register(
    ConfigSection(
        key="tiers",
        label="Tier rules and entitlements",
        url_name="tiers:rule_sets",
        tracks=(VERSIONS, VALUES),
        undo=bring_back,
        blocks=what_is_newer,
        effect=effect_of_bringing_back,
        tell=tell_versions,
        file=ConfigFile(shape=RulesShape(), export=export_rules, plan=plan_rules, apply=apply_rules),
    )
)
sections.register(
    ConfigSection(
        key="overrides",
        label="Tier overrides",
        url_name="tiers:overrides",
        tracks=(
            Tracked(
                model=TierOverride,
                noun="Override for",
                name=lambda event: _account(event.account_id),
                labels={
                    "tier": "tier",
                    "reason": "reason",
                    "starts_on": "from",
                    "ends_on": "until",
                    "ended_on": "ended",
                    "end_reason": "why it ended",
                },
                show={"tier": str},
            ),
        ),
        no_undo="An override is a decision with a reason: end it, or set another one, on the account's page.",
    )
)
sections.register(
    ConfigSection(
        key="guide_links",
        label="Links to the tier guide",
        url_name="tiers:guide_links",
        tracks=(
            Tracked(
                model=GuideLink,
                noun="Link for",
                name=lambda event: str(event.note),
                labels={"note": "note", "expires_at": "expires", "revoked_at": "revoked"},
            ),
        ),
        no_undo="The secret of a link is in no history, so what was revoked can't come back: make a new link.",
    )
)
