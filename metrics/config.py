"""Health models as a section of the configuration: the published one of each tier and segment, and that of everybody.

In a file a tier's model stands under the slug of the tier, a segment's under ``segment:`` and its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from accounts.conditions import words as condition_words
from accounts.conditions.expression import stored_condition
from accounts.conditions.shape import ConditionShape
from accounts.models import Tier
from metrics.health.content import (
    HEAVIEST,
    MOST_PARTS,
    MOST_RANK,
    check_content,
    content_from,
    content_of,
    differences,
    plain_data,
)
from metrics.health.curves import MOST_PAIRS
from metrics.health.services import (
    LONGEST_SEGMENT,
    create_health_draft,
    cycle,
    publish_health_model,
    restore_health_model,
    retire_health_model,
)
from metrics.models import HealthComponent, HealthGroup, HealthLimit, HealthModel
from metrics.scoreboard import configuration as _scoreboard  # noqa: F401 - declares the targets
from people.configuration.history import Line, Step
from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked, sections
from people.configuration.shapes import ListOf, MapOf, Number, Record, Text, unknown
from people.models import User

EVERY = "every"
SEGMENT = "segment:"
State = HealthModel.State
Recipe = dict[str, Any]


def export_models() -> dict[str, Recipe]:
    """Return the published models by scope; ``every`` holds for accounts that no other model is for."""
    return {scope: plain_data(content_of(model)) for scope, model in _published().items()}


def plan_models(data: Mapping[str, Recipe], is_published: bool) -> list[str]:
    """Say which models would be drafted, published or retired. Raises ConfigError for unknown names and curves."""
    tiers = set(Tier.objects.values_list("slug", flat=True))
    problems = [
        unknown(scope, [EVERY, *sorted(tiers), f"{SEGMENT}NAME"])
        for scope in data
        if scope != EVERY and scope not in tiers and not _segment_of(scope)
    ]
    if EVERY not in data:
        problems.append(Problem(EVERY, "is missing.", "The model for every account can't be taken away."))
    for scope, recipe in data.items():
        problems += _wrong(recipe, scope)
    if problems:
        raise ConfigError(problems)
    return [words for _, words in _steps(data, is_published=is_published)]


def apply_models(data: Mapping[str, Recipe], by: User | None, is_published: bool) -> None:
    """Draft what is new; publish and retire only where ``is_published``."""
    for (verb, scope, held), _ in list(_steps(data, is_published=is_published)):
        if verb == "retire":
            assert held is not None
            retire_health_model(model=held, by=by)
            continue
        model = held or _drafted(scope, data[scope], by)
        if verb == "publish":
            publish_health_model(model=model, by=by, expected=cycle.seen(model))


def _drafted(scope: str, recipe: Recipe, by: User | None) -> HealthModel:
    segment = _segment_of(scope)
    return create_health_draft(
        by=by,
        tier=None if scope == EVERY or segment else Tier.objects.get(slug=scope),
        segment=segment,
        content=content_from(recipe),
        note="Imported from a file.",
    )


Planned = tuple[tuple[str, str, HealthModel | None], str]


def _steps(data: Mapping[str, Recipe], *, is_published: bool) -> Iterator[Planned]:
    """Yield (verb, scope, model that is there already) with the words for it."""
    held = _published()
    for scope, recipe in data.items():
        name = _name(scope)
        current = held.get(scope)
        wanted = content_from(recipe)
        if current is not None and plain_data(content_of(current)) == plain_data(wanted):
            continue
        said = "; ".join(differences(content_of(current) if current else None, wanted))
        same = next(
            (one for one in _drafts(scope) if plain_data(content_of(one)) == plain_data(wanted)), None
        )
        if is_published:
            number = same.version if same else "a new version"
            yield ("publish", scope, same), f"Health model {name}: {number} is published ({said})"
        elif same is None:
            yield ("draft", scope, None), f"Health model {name}: a new draft ({said})"
    for scope, model in held.items():
        if scope not in data and is_published:
            yield ("retire", scope, model), f"Health model {_name(scope)}: version {model.version} is retired"


def tell_models(steps: Sequence[Step]) -> list[Line]:
    """Say which model was drafted, published or retired; their parts follow their model."""
    lines = []
    for step in steps:
        if step.tracked is not MODELS:
            continue
        was = State(step.before.state).label if step.before is not None else "nothing"
        now = State(step.after.state).label if step.after is not None else "nothing"
        lines.append(Line(f"Health model {step.name}", "", was, now))
    count = sum(step.tracked is not MODELS for step in steps)
    if count:
        lines.append(Line("Parts of health models", "", "nothing", f"{count} written"))
    return lines


def what_is_newer(steps: Sequence[Step]) -> list[str]:
    """Say why a publication can't be taken back."""
    retired = _retired(steps)
    if not retired:
        return ["Only a publication can be taken back, by publishing the model before it again."]
    said = []
    for step in steps:
        is_publication = (
            step.tracked is MODELS and step.after is not None and step.after.state == State.PUBLISHED
        )
        if (
            is_publication
            and not HealthModel.objects.filter(pk=step.object_id, state=State.PUBLISHED).exists()
        ):
            said.append(f"Health model {step.name} was replaced since. Take that back first.")
    return said


def undo_publication(steps: Sequence[Step], by: User) -> None:
    """Put what was retired in force again, as a version of its own."""
    for step in _retired(steps):
        model = HealthModel.objects.filter(pk=step.object_id).first()
        if model is None:
            raise ValidationError(f"Health model {step.name} is gone.")
        restore_health_model(model=model, by=by)


def effect_of_publication(steps: Sequence[Step]) -> list[str]:
    """Say from when the scores follow."""
    return ["Scores follow it from the next night on; those of past days stay as they are."]


def _retired(steps: Sequence[Step]) -> list[Step]:
    return [
        step
        for step in steps
        if step.tracked is MODELS
        and step.before is not None
        and step.after is not None
        and (step.before.state, step.after.state) == (State.PUBLISHED, State.RETIRED)
    ]


def _wrong(recipe: Recipe, path: str) -> Iterator[Problem]:
    is_segment = bool(_segment_of(path))
    for name in ("condition", "rank"):
        if not is_segment and name in recipe:
            yield Problem(
                f"{path}.{name}", "is only for segments.", f"Leave it out, or name it {SEGMENT}NAME."
            )
    if is_segment and "condition" not in recipe:
        yield Problem(f"{path}.condition", "is missing.", "Say which accounts the segment holds.")
        return
    try:
        check_content(content_from(recipe), is_segment=is_segment)
    except ValidationError as error:
        for field, messages in error.message_dict.items():
            for message in messages:
                yield Problem(f"{path}.{_place(field)}", message)


def _place(field: str) -> str:
    """Return ``components[2].curve`` for ``components.2.curve``."""
    parts = field.split(".")
    return f"{parts[0]}[{parts[1]}].{parts[2]}" if len(parts) == 3 else field


def _published() -> dict[str, HealthModel]:
    found = HealthModel.objects.published().select_related("tier").order_by("tier__rank", "rank", "segment")
    return {_scope(model.tier.slug if model.tier else "", model.segment): model for model in found}


def _drafts(scope: str) -> list[HealthModel]:
    drafts = HealthModel.objects.drafts().newest_first()
    segment = _segment_of(scope)
    return list(drafts.of_segment(segment) if segment else drafts.of_tier("" if scope == EVERY else scope))


def _scope(tier: str, segment: str) -> str:
    return f"{SEGMENT}{segment}" if segment else tier or EVERY


def _segment_of(scope: str) -> str:
    name = scope.removeprefix(SEGMENT)
    return name if name != scope and 0 < len(name.strip()) <= LONGEST_SEGMENT else ""


def _name(scope: str) -> str:
    return "for every account" if scope == EVERY else f"of {_segment_of(scope) or scope}"


def _told(event: Any) -> str:
    tier = Tier.objects.get(pk=event.tier_id).slug if event.tier_id else ""
    return f"{event.version} {_name(_scope(tier, event.segment))}"


_number = Number()
_recipe = Record(
    {
        "minimum_coverage": Number(0, 1),
        "components": ListOf(
            Record(
                {
                    "key": Text(longest=64),
                    "label": Text(longest=128),
                    "group": Text(choices=HealthGroup.values),
                    "weight": Number(0.001, float(HEAVIEST)),
                    "curve": ListOf(ListOf(_number, least=2, most=2), least=2, most=MOST_PAIRS),
                }
            ),
            least=1,
            most=MOST_PARTS,
        ),
        "limits": ListOf(
            Record(
                {
                    "label": Text(longest=128),
                    "kind": Text(choices=HealthLimit.Kind.values),
                    "condition": ConditionShape(),
                    "points": Number(0, 100),
                }
            ),
            most=MOST_PARTS,
        ),
    },
    optional={"condition": ConditionShape(), "rank": Number(0, MOST_RANK, is_whole=True)},
)


def _condition_words(value: Any) -> str:
    """Return a kept condition as people read it."""
    return condition_words.words(stored_condition(value))


MODELS = Tracked(
    model=HealthModel,
    noun="Health model",
    name=_told,
    labels={"state": "state", "minimum_coverage": "minimum coverage", "note": "note"},
    show={"state": lambda value: State(value).label},
)
sections.register(
    ConfigSection(
        key="health",
        label="Health models",
        url_name="metrics:health_models",
        tracks=(
            MODELS,
            Tracked(
                model=HealthComponent,
                noun="Component",
                name=lambda event: str(event.label),
                labels={"weight": "weight", "curve": "curve"},
            ),
            Tracked(
                model=HealthLimit,
                noun="Limit",
                name=lambda event: str(event.label),
                labels={"kind": "kind", "condition": "condition", "points": "points"},
                show={"kind": lambda value: HealthLimit.Kind(value).label, "condition": _condition_words},
            ),
        ),
        undo=undo_publication,
        effect=effect_of_publication,
        blocks=what_is_newer,
        tell=tell_models,
        file=ConfigFile(shape=MapOf(_recipe), export=export_models, plan=plan_models, apply=apply_models),
    )
)
