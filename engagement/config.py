"""Engagement's section of the configuration: the point models in force, by kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from accounts.conditions.expression import condition_data, stored_condition
from accounts.conditions.shape import ConditionShape
from engagement.models import ScoreKind, ScoreModel
from engagement.scoring.models import LONGEST_HALF_LIFE, MOST_POINTS
from engagement.scoring.services import (
    MOST_RULES,
    RuleDraft,
    check_rules,
    create_score_draft,
    draft_rules,
    publish_score_model,
    save_score_draft,
)
from engagement.scoring.signals import SIGNALS
from engagement.scoring.words import model_differences
from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked, sections
from people.configuration.shapes import ListOf, Nullable, Number, Record, Text
from people.models import User

Content = Mapping[str, Any]
State = ScoreModel.State


def content_of(model: ScoreModel) -> dict[str, Any]:
    """Return what a version says as plain data."""
    return _written(draft_rules(model), model.half_life_days)


def export_models() -> dict[str, Any]:
    """Return the versions in force by kind."""
    return {kind: content_of(model) for kind, model in _published().items()}


def plan_models(data: Mapping[str, Content], is_published: bool) -> list[str]:
    """Say which models would be drafted or published. Raises ConfigError for what no model can say."""
    problems: list[Problem] = []
    for kind, content in data.items():
        try:
            check_rules(kind, _read(content), content["half_life_days"])
        except ValidationError as error:
            problems += [
                Problem(f"{kind}.{_place(key)}", told)
                for key, found in error.message_dict.items()
                for told in found
            ]
    if problems:
        raise ConfigError(problems)
    return [words for _, words in _steps(data, is_published=is_published)]


def apply_models(data: Mapping[str, Content], by: User | None, is_published: bool) -> None:
    """Draft what is new; publish only where ``is_published``."""
    for kind, _ in list(_steps(data, is_published=is_published)):
        draft = save_score_draft(
            model=create_score_draft(kind=kind, by=by),
            by=by,
            rules=_read(data[kind]),
            half_life_days=data[kind]["half_life_days"],
            note="Imported from a file.",
        )
        if is_published:
            publish_score_model(model=draft, by=by)


def _steps(data: Mapping[str, Content], *, is_published: bool) -> Iterator[tuple[str, str]]:
    """Yield the kinds that change with the words for it; a draft that says the same is left as it is."""
    held = _published()
    for kind, content in data.items():
        wanted, current = _written(_read(content), content["half_life_days"]), held.get(kind)
        if current is not None and content_of(current) == wanted:
            continue
        drafts = ScoreModel.objects.filter(kind=kind, state=State.DRAFT)
        if not is_published and any(content_of(draft) == wanted for draft in drafts):
            continue
        label = ScoreKind(kind).label
        half_lives = (current.half_life_days if current else None, content["half_life_days"])
        said = "; ".join(
            model_differences(draft_rules(current) if current else [], _read(content), half_lives)
        )
        done = "a new version is published" if is_published else "a new draft"
        yield kind, f"{label} model: {done} ({said})"


def _published() -> dict[str, ScoreModel]:
    found = {model.kind: model for model in ScoreModel.objects.filter(state=State.PUBLISHED)}
    return {kind: found[kind] for kind in ScoreKind.values if kind in found}


def _written(rules: list[RuleDraft], half_life_days: int | None) -> dict[str, Any]:
    return {"half_life_days": half_life_days, "rules": [_rule(rule) for rule in rules]}


def _rule(rule: RuleDraft) -> dict[str, Any]:
    told: dict[str, Any] = {"name": rule.name.strip(), "points": _plain(rule.points or Decimal(0))}
    if rule.condition is None:
        told["signal"] = rule.signal
    else:
        told["condition"] = condition_data(stored_condition(rule.condition))
    return told | ({} if rule.at_most is None else {"at_most": _plain(rule.at_most)})


def _read(content: Content) -> list[RuleDraft]:
    return [
        RuleDraft(
            name=rule["name"],
            points=Decimal(str(rule["points"])),
            condition=rule.get("condition"),
            signal=rule.get("signal", ""),
            at_most=None if rule.get("at_most") is None else Decimal(str(rule["at_most"])),
        )
        for rule in content["rules"]
    ]


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _place(key: str) -> str:
    """Return ``rules[2].points`` for ``rules.2.points``."""
    parts = key.split(".")
    return f"rules[{parts[1]}].{parts[2]}" if len(parts) == 3 else key


_model = Record(
    {
        "half_life_days": Nullable(Number(1, LONGEST_HALF_LIFE, is_whole=True)),
        "rules": ListOf(
            Record(
                {"name": Text(longest=128), "points": Number(-MOST_POINTS, MOST_POINTS)},
                optional={
                    "signal": Text(choices=SIGNALS.keys()),
                    "condition": ConditionShape(),
                    "at_most": Nullable(Number(0, MOST_POINTS)),
                },
            ),
            least=1,
            most=MOST_RULES,
        ),
    }
)
sections.register(
    ConfigSection(
        key="score_models",
        label="Scores of target accounts",
        url_name="engagement:scores",
        tracks=(
            Tracked(
                model=ScoreModel,
                noun="",
                name=lambda event: f"{ScoreKind(event.kind).label} model, version {event.version}",
                labels={"state": "state", "half_life_days": "half-life in days", "note": "note"},
                show={"state": lambda value: str(ScoreModel.State(value).label).lower()},
            ),
        ),
        no_undo="A published model is never edited: put the earlier version back on the page of the scores.",
        file=ConfigFile(
            shape=Record(dict.fromkeys(ScoreKind.values, _model)),
            export=export_models,
            plan=plan_models,
            apply=apply_models,
        ),
    )
)
