"""The rules of the tiers and what tiers entitle to, as data of a file: the version in force, whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from accounts.conditions.expression import condition_data, stored_condition
from accounts.models import Tier
from people.configuration.registry import ConfigError, Problem
from people.configuration.shapes import Record, Shape, kind_of, unknown
from people.functions import Function
from people.models import User
from tiers.content import (
    Content,
    RuleSetError,
    content_data,
    decode_content,
    problems_of,
    read_content,
    read_whole,
)
from tiers.entitlements.part import read_values
from tiers.entitlements.registry import kinds
from tiers.entitlements.services import check_values, set_entitlements
from tiers.models import RuleSet
from tiers.services import create_draft, publish_rule_set, retire_rule_set, seen_of
from tiers.words import differences

ENTITLEMENTS = "entitlements"
NOBODY = Problem("", "a version of the tier rules needs an author.", "Name somebody of RevOps with --by.")


class RulesShape:
    """The members of a version, or none; conditions and values are checked by those who know them."""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        """Yield what is wrong with the members; their own content is checked by ``plan``."""
        if value != {}:
            yield from _members.problems(value, path)


class _Plain:
    """Lists, names and values without more ado."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, self.kind) or (self.kind is int and isinstance(value, bool)):
            yield Problem(path, f"must not be {kind_of(value)}.")


_list: Shape = _Plain(list)
_members = Record(
    {
        "kind": _Plain(str),
        "note": _Plain(str),
        "minimum_dwell_days": _Plain(int),
        "demotion_grace_days": _Plain(int),
        "demotions_need_approval": _Plain(bool),
        "rules": _list,
        "points": _list,
        "thresholds": _list,
        ENTITLEMENTS: _Plain(dict),
    }
)
KNOWN_OF_ITEMS = {
    "rules": {"name", "tier", "condition"},
    "points": {"name", "points", "condition"},
    "thresholds": {"tier", "enter", "stay"},
}


def export_rules() -> dict[str, Any]:
    """Return the version in force, empty where there is none."""
    held = RuleSet.objects.published().first()
    if held is None:
        return {}
    values = read_values(held)
    tiers = Tier.objects.values_list("slug", flat=True)
    return {
        **_plain(content_data(read_content(held))),
        ENTITLEMENTS: {slug: values.get(slug, {}) for slug in tiers},
    }


def plan_rules(data: Mapping[str, Any], is_published: bool) -> list[str]:
    """Say what would be drafted, published or retired. Raises ConfigError for what the rules can't hold."""
    held = RuleSet.objects.published().first()
    if not data:
        return [f"{held} is retired: the CRM's tiers count again"] if held and is_published else []
    wished = _whole(data)
    if held is not None and _normal(read_whole(held)) == _normal(wished):
        return []
    draft = _same_draft(wished)
    if draft is not None and not is_published:
        return []
    before = read_whole(held) if held else {}
    said = differences(before, wished) if held else ["the first version"]
    verb = f"{draft or 'A new version'} is published" if is_published else "A new draft"
    return [f"{verb}: {sentence}" for sentence in said or ["the same rules in another order"]]


def apply_rules(data: Mapping[str, Any], by: User | None, is_published: bool) -> None:
    """Write a draft, and publish it only where ``is_published``; changes nothing where the version reads like it."""
    if not plan_rules(data, is_published):
        return
    if by is None or by.function != Function.REVOPS:
        raise ConfigError([NOBODY])
    held = RuleSet.objects.published().first()
    if not data:
        assert held is not None
        retire_rule_set(rule_set=held, by=by, expected=seen_of(held))
        return
    draft = _same_draft(_whole(data)) or _written(data, by, held)
    if is_published:
        try:
            publish_rule_set(rule_set=draft, by=by, expected=seen_of(draft))
        except RuleSetError as error:
            raise ConfigError([_problem(problem) for problem in error.problems]) from error


def _written(data: Mapping[str, Any], by: User, based_on: RuleSet | None) -> RuleSet:
    draft = create_draft(by=by, based_on=based_on, content=_content(data))
    for tier in Tier.objects.all():
        if values := data[ENTITLEMENTS].get(tier.slug):
            draft.refresh_from_db(fields=["digest"])
            set_entitlements(rule_set=draft, tier=tier, values=values, by=by, expected=draft.digest)
    draft.refresh_from_db()
    return draft


def _whole(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file's version as ``tiers.content.read_whole`` would; raises ConfigError with every problem."""
    problems = [*_unknown_members(data), *_wrong_entitlements(data[ENTITLEMENTS])]
    if problems:
        raise ConfigError(problems)
    content = _content(data)
    if found := problems_of(content):
        raise ConfigError([_problem(problem) for problem in found])
    return {**content_data(content), "parts": {ENTITLEMENTS: _checked(data[ENTITLEMENTS])}}


def _content(data: Mapping[str, Any]) -> Content:
    try:
        return decode_content({key: value for key, value in data.items() if key != ENTITLEMENTS})
    except RuleSetError as error:
        raise ConfigError([_problem(problem) for problem in error.problems]) from error


def _unknown_members(data: Mapping[str, Any]) -> Iterator[Problem]:
    for part, known in KNOWN_OF_ITEMS.items():
        for place, item in enumerate(data[part]):
            if not isinstance(item, Mapping):
                yield Problem(f"{part}[{place}]", f"must be names with values, not {kind_of(item)}.")
                continue
            for name in item:
                if name not in known:
                    yield unknown(f"{part}[{place}].{name}", known)


def _wrong_entitlements(data: Mapping[str, Any]) -> Iterator[Problem]:
    tiers = set(Tier.objects.values_list("slug", flat=True))
    for slug, values in data.items():
        path = f"{ENTITLEMENTS}.{slug}"
        if slug not in tiers:
            yield unknown(path, tiers)
        elif not isinstance(values, Mapping):
            yield Problem(path, f"must be names with values, not {kind_of(values)}.")
        else:
            try:
                check_values({str(key): value for key, value in values.items()})
            except ValidationError as error:
                for name, messages in error.message_dict.items():
                    yield Problem(f"{path}.{name.replace('__', '.')}", " ".join(messages))
    for slug in sorted(tiers - set(data)):
        yield Problem(f"{ENTITLEMENTS}.{slug}", "is missing.", "A section in a file is whole: add it.")


def _checked(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return entitlements as a draft would hold them: stored values, defaults where the file names none."""
    found = {}
    for slug in Tier.objects.values_list("slug", flat=True):
        stored = check_values(data.get(slug, {}))
        found[slug] = {kind.key: stored.get(kind.key, kind.default_for(slug)) for kind in kinds}
    return found


def _same_draft(wished: Mapping[str, Any]) -> RuleSet | None:
    for draft in RuleSet.objects.filter(state=RuleSet.State.DRAFT).order_by("-version"):
        if _normal(read_whole(draft)) == _normal(wished):
            return draft
    return None


def _normal(whole: Mapping[str, Any]) -> str:
    """Return a version as text that is the same for the same meaning: 10 and 10.00 points, conditions as kept."""

    def number(value: Any) -> Any:
        return None if value is None else format(Decimal(str(value)).normalize(), "f")

    def condition(value: Any) -> Any:
        # What is in force may have come to speak of something gone, and a file is how to mend it.
        return condition_data(stored_condition(value))

    told = {
        **{key: value for key, value in whole.items() if key not in KNOWN_OF_ITEMS and key != "parts"},
        ENTITLEMENTS: {slug: values for slug, values in whole["parts"][ENTITLEMENTS].items() if values},
        "note": whole["note"].strip(),
        "rules": [
            {**rule, "name": rule["name"].strip(), "condition": condition(rule["condition"])}
            for rule in whole["rules"]
        ],
        "points": [
            {
                "name": one["name"].strip(),
                "points": number(one["points"]),
                "condition": condition(one["condition"]),
            }
            for one in whole["points"]
        ],
        "thresholds": sorted(
            (one["tier"], number(one.get("enter")), number(one.get("stay"))) for one in whole["thresholds"]
        ),
    }
    return json.dumps(told, sort_keys=True, default=str)


def _plain(content: dict[str, Any]) -> dict[str, Any]:
    """Return a content with its points as numbers instead of texts."""

    def number(value: Any) -> int | float | None:
        if value is None:
            return None
        exact = Decimal(str(value))
        return int(exact) if exact == exact.to_integral_value() else float(exact)

    return {
        **content,
        "points": [{**one, "points": number(one["points"])} for one in content["points"]],
        "thresholds": [
            {"tier": one["tier"], "enter": number(one.get("enter")), "stay": number(one.get("stay"))}
            for one in content["thresholds"]
        ],
    }


def _problem(problem: Any) -> Problem:
    """Return a problem with its JSON pointer as a path: /rules/0/name is rules[0].name."""
    path = ""
    for part in problem.path.split("/")[1:]:
        path += f"[{part}]" if part.isdecimal() else f".{part}" if path else part
    return Problem(path, problem.message, problem.remedy)
