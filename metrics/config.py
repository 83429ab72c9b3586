"""Health models as a section of the configuration: the published one of each tier, or the one for every tier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from django.core.exceptions import ValidationError

from accounts.models import Tier
from metrics.health.services import (
    cycle,
    draft_health_model,
    publish_health_model,
    restore_health_model,
    retire_health_model,
)
from metrics.health.words import Recipe, differences, plain, recipe_of
from metrics.models import HealthCap, HealthComponent, HealthModel
from metrics.registry import metrics
from people.configuration.history import Line, Step
from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked, sections
from people.configuration.shapes import ListOf, MapOf, Number, Record, Text, unknown
from people.models import User

EVERY = "every"
State = HealthModel.State


def export_models() -> dict[str, Recipe]:
    """Return the published models by tier; ``every`` holds for tiers without one of their own."""
    return {slug: recipe_of(model) for slug, model in _published().items()}


def plan_models(data: Mapping[str, Recipe], is_published: bool) -> list[str]:
    """Say which models would be drafted, published or retired. Raises ConfigError for unknown names and curves."""
    tiers = set(Tier.objects.values_list("slug", flat=True))
    problems = [
        unknown(slug, [EVERY, *sorted(tiers)]) for slug in data if slug != EVERY and slug not in tiers
    ]
    if EVERY not in data:
        problems.append(Problem(EVERY, "is missing.", "The model for every tier can't be taken away."))
    for slug, recipe in data.items():
        problems += _wrong(recipe, slug)
    if problems:
        raise ConfigError(problems)
    return [words for _, words in _steps(data, is_published=is_published)]


def apply_models(data: Mapping[str, Recipe], by: User | None, is_published: bool) -> None:
    """Draft what is new; publish and retire only where ``is_published``."""
    for (verb, slug, held), _ in list(_steps(data, is_published=is_published)):
        if verb == "retire":
            assert held is not None
            retire_health_model(model=held, by=by)
            continue
        model = held or _drafted(slug, data[slug], by)
        if verb == "publish":
            publish_health_model(model=model, by=by, expected=cycle.seen(model))


def _drafted(slug: str, recipe: Recipe, by: User | None) -> HealthModel:
    return draft_health_model(
        tier=None if slug == EVERY else Tier.objects.get(slug=slug),
        minimum_coverage=str(recipe["minimum_coverage"]),
        components=recipe["components"],
        caps=recipe["caps"],
        note="Imported from a file.",
        by=by,
    )


Planned = tuple[tuple[str, str, HealthModel | None], str]


def _steps(data: Mapping[str, Recipe], *, is_published: bool) -> Iterator[Planned]:
    """Yield (verb, tier, model that is there already) with the words for it."""
    held = _published()
    for slug, recipe in data.items():
        name = _name(slug)
        current = held.get(slug)
        if current is not None and recipe_of(current) == _normal(recipe):
            continue
        said = "; ".join(differences(recipe_of(current) if current else None, _normal(recipe)))
        same = next((m for m in _drafts(slug) if recipe_of(m) == _normal(recipe)), None)
        if is_published:
            number = same.version if same else "a new version"
            yield ("publish", slug, same), f"Health model {name}: {number} is published ({said})"
        elif same is None:
            yield ("draft", slug, None), f"Health model {name}: a new draft ({said})"
    for slug, model in held.items():
        if slug not in data and is_published:
            yield ("retire", slug, model), f"Health model {_name(slug)}: version {model.version} is retired"


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
    for kind in ("components", "caps"):
        keys = [part["key"] for part in recipe[kind]]
        for place, key in enumerate(keys):
            if key not in metrics:
                yield Problem(
                    f"{path}.{kind}[{place}].key",
                    f"there is no number “{key}”.",
                    "Its key stands on the page Metrics.",
                )
            elif key in keys[:place]:
                yield Problem(f"{path}.{kind}[{place}].key", f"“{key}” stands twice.", "Leave one out.")
    for place, part in enumerate(recipe["components"]):
        values = [point[0] for point in part["curve"]]
        if values != sorted(set(values)):
            yield Problem(
                f"{path}.components[{place}].curve",
                "must have rising values.",
                "Each point is [value, points from 0 to 100].",
            )


def _normal(recipe: Recipe) -> Recipe:
    """Return a file's recipe in the precision of the database, so that it compares with a stored one."""

    def at(value: float, places: str) -> int | float:
        return plain(Decimal(str(value)).quantize(Decimal(places)))

    return {
        "minimum_coverage": at(recipe["minimum_coverage"], "0.001"),
        "components": [{**part, "weight": at(part["weight"], "0.001")} for part in recipe["components"]],
        "caps": [
            {**cap, "threshold": at(cap["threshold"], "0.0001"), "ceiling": at(cap["ceiling"], "0.1")}
            for cap in recipe["caps"]
        ],
    }


def _published() -> dict[str, HealthModel]:
    found = HealthModel.objects.published().select_related("tier").order_by("tier__rank")
    return {model.tier.slug if model.tier else EVERY: model for model in found}


def _drafts(slug: str) -> list[HealthModel]:
    return list(HealthModel.objects.drafts().of_tier("" if slug == EVERY else slug).newest_first())


def _name(slug: str) -> str:
    return "for every tier" if slug == EVERY else f"of {slug}"


def _of_tier(key: int | None) -> str:
    return _name(Tier.objects.get(pk=key).slug if key else EVERY)


_number = Number()
_recipe = Record(
    {
        "minimum_coverage": Number(0, 1),
        "components": ListOf(
            Record(
                {
                    "key": Text(longest=64),
                    "label": Text(longest=128),
                    "group": Text(longest=32),
                    "weight": Number(0.001, 999),
                    "curve": ListOf(ListOf(_number, least=2, most=2), least=2, most=50),
                }
            ),
            least=1,
            most=50,
        ),
        "caps": ListOf(
            Record(
                {
                    "key": Text(longest=64),
                    "label": Text(longest=128),
                    "threshold": Number(-1e13, 1e13),
                    "ceiling": Number(0, 100),
                }
            ),
            most=50,
        ),
    }
)
MODELS = Tracked(
    model=HealthModel,
    noun="Health model",
    name=lambda event: f"{event.version} {_of_tier(event.tier_id)}",
    labels={"state": "state", "minimum_coverage": "minimum coverage", "note": "note"},
    show={"state": lambda value: State(value).label},
)
sections.register(
    ConfigSection(
        key="health",
        label="Health models",
        url_name="metrics:library",
        tracks=(
            MODELS,
            Tracked(
                model=HealthComponent,
                noun="Component",
                name=lambda event: str(event.label),
                labels={"weight": "weight", "curve": "curve"},
            ),
            Tracked(
                model=HealthCap,
                noun="Cap",
                name=lambda event: str(event.label),
                labels={"threshold": "threshold", "ceiling": "ceiling"},
            ),
        ),
        undo=undo_publication,
        effect=effect_of_publication,
        blocks=what_is_newer,
        tell=tell_models,
        file=ConfigFile(shape=MapOf(_recipe), export=export_models, plan=plan_models, apply=apply_models),
    )
)
