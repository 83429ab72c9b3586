"""The clause library as data of a file: for each family the version in force, whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.text import slugify

from finance.clauses.library import Standard, Step, Text, standard_of
from finance.clauses.services.library import (
    LONGEST_WORDING,
    MOST_HOURS,
    MOST_STEPS,
    MOST_TEXTS,
    TextDraft,
    check_version,
    create_clause_draft,
    create_family,
    cycle,
    draft_texts,
    edits_library,
    publish_clause_version,
    save_clause_draft,
    steps_of,
)
from finance.clauses.terms import SHAPES
from finance.clauses.words import differences
from finance.models import ClauseFamily, ClauseVersion
from people.configuration.registry import ConfigError, Problem
from people.configuration.shapes import ANYTHING, ListOf, MapOf, Number, Record
from people.configuration.shapes import Text as Words
from people.functions import Function
from people.models import User

Entry = Mapping[str, Any]
NOBODY = Problem("", "the clause library is written by Legal and RevOps.", "Name one of them with --by.")
SHAPE = MapOf(
    Record(
        {
            "label": Words(80),
            "shape": Words(choices=SHAPES),
            "texts": ListOf(
                Record(
                    {
                        "label": Words(80),
                        "wording": Words(LONGEST_WORDING),
                        "terms": MapOf(ANYTHING),
                        "tiers": ListOf(Words()),
                    },
                    optional={"key": Words(60)},
                ),
                most=MOST_TEXTS,
            ),
            "approval": ListOf(
                Record(
                    {
                        "function": Words(choices=Function.values),
                        "hours": Number(1, MOST_HOURS, is_whole=True),
                    },
                    optional={"label": Words(may_be_empty=True)},
                ),
                most=MOST_STEPS,
            ),
        }
    )
)


@dataclass(frozen=True, slots=True)
class Planned:
    """What a file would do to one family; ``draft`` says the same already, ``family`` is unsaved where it is new."""

    family: ClauseFamily
    texts: Sequence[TextDraft]
    steps: Sequence[Step]
    draft: ClauseVersion | None
    words: str


def export_library() -> dict[str, Any]:
    """Return each family with its version in force, without texts where it has none yet."""
    held = _in_force()
    return {family.key: _entry(family, held.get(family.pk)) for family in ClauseFamily.objects.all()}


def plan_library(data: Mapping[str, Entry], is_published: bool) -> list[str]:
    """Say which versions would be drafted or published. Raises ConfigError for what the library can't hold."""
    return [planned.words for planned in _plan(data, is_published=is_published)]


def apply_library(data: Mapping[str, Entry], by: User | None, is_published: bool) -> None:
    """Write a draft of each family that reads otherwise, and publish it only where ``is_published``."""
    planned = _plan(data, is_published=is_published)
    if planned and by is not None and not edits_library(by):
        raise ConfigError([NOBODY])
    for each in planned:
        draft = each.draft or _drafted(each, by)
        if is_published and each.texts:
            publish_clause_version(version=draft, by=by, expected=cycle.seen(draft))


def _plan(data: Mapping[str, Entry], *, is_published: bool) -> list[Planned]:
    families = {family.key: family for family in ClauseFamily.objects.all()}
    held = _in_force()
    found: list[Planned] = []
    problems = [
        Problem(key, "is missing.", "Deviations and contracts speak of a clause, so none is taken away.")
        for key in families.keys() - data.keys()
    ]
    for key, entry in data.items():
        family = families.get(key) or ClauseFamily(key=key, label=entry["label"], shape=entry["shape"])
        present = held.get(family.pk)
        wrong = [*_wrong_family(family, entry, families), *_wrong_version(family, entry, present)]
        if wrong:
            problems += wrong
        elif (planned := _planned(family, entry, present, is_published=is_published)) is not None:
            found.append(planned)
    if problems:
        raise ConfigError(problems)
    return found


def _planned(
    family: ClauseFamily, entry: Entry, present: ClauseVersion | None, *, is_published: bool
) -> Planned | None:
    texts = check_version(family, _texts(entry), _steps(entry), is_whole=False) if entry["texts"] else []
    steps = _steps(entry)
    if not texts:
        return (
            None
            if not _is_new(family)
            else Planned(family, texts, steps, None, f"{family}: a new clause, no text yet")
        )
    if present is not None and _reads(draft_texts(present), steps_of(present)) == _reads(texts, steps):
        return None
    drafts = () if _is_new(family) else ClauseVersion.objects.drafts().filter(family=family).with_texts()
    same = next(
        (each for each in drafts if _reads(draft_texts(each), steps_of(each)) == _reads(texts, steps)), None
    )
    if same is not None and not is_published:
        return None
    said = "; ".join(differences(standard_of(present) if present else None, _standard(family, texts, steps)))
    verb = "a new draft"
    if is_published:
        verb = f"version {same.version} is published" if same else "a new version is published"
    told = f" ({said})" if said else " (in another order)"
    return Planned(family, texts, steps, same, f"{family}: {verb}{told}")


def _drafted(planned: Planned, by: User | None) -> ClauseVersion:
    family = planned.family
    if _is_new(family):
        family = create_family(label=family.label, shape=family.shape, by=by)
    draft = create_clause_draft(family=family, by=by)
    if not planned.texts:
        return draft
    return save_clause_draft(
        version=draft, by=by, texts=planned.texts, steps=planned.steps, note="Imported from a file."
    )


def _wrong_family(family: ClauseFamily, entry: Entry, known: Mapping[str, ClauseFamily]) -> Iterator[Problem]:
    key = family.key
    if _is_new(family):
        slug = slugify(entry["label"])[:40].strip("-")
        if slug != key:
            yield Problem(key, "isn’t the short form of its name.", f"Write “{slug or 'a name'}”.")
        for other in known.values():
            if other.label.casefold() == entry["label"].strip().casefold():
                yield Problem(f"{key}.label", f"is the name of {other.key}.", "Give each clause its own.")
        return
    if entry["label"].strip() != family.label:
        yield Problem(f"{key}.label", f"is “{family.label}” here, and clauses keep their names.")
    if entry["shape"] != family.shape:
        yield Problem(f"{key}.shape", f"is {family.shape} here, and stays as it is.")


def _wrong_version(family: ClauseFamily, entry: Entry, present: ClauseVersion | None) -> Iterator[Problem]:
    if not entry["texts"]:
        if present is not None:
            yield Problem(
                f"{family.key}.texts",
                "must have the preferred text.",
                "A version in force is not taken back.",
            )
        return
    try:
        check_version(family, _texts(entry), _steps(entry))
    except ValidationError as error:
        for name, told in error.message_dict.items():
            yield Problem(f"{family.key}.{_place(name)}", " ".join(told))


def _place(name: str) -> str:
    """Return ``texts.0.terms.uptime`` as files name a place: ``texts[0].terms.uptime``; steps are ``approval``."""
    part, *rest = name.split(".")
    part = "approval" if part == "steps" else part
    if rest and rest[0].isdigit():
        part, rest = f"{part}[{rest[0]}]", rest[1:]
    return ".".join([part, *(each.replace("__", ".") for each in rest)])


def _texts(entry: Entry) -> list[TextDraft]:
    return [
        TextDraft(
            key=text.get("key", ""),
            label=text["label"],
            wording=text["wording"],
            terms=text["terms"],
            tiers=text["tiers"],
        )
        for text in entry["texts"]
    ]


def _steps(entry: Entry) -> list[Step]:
    return [
        Step(function=step["function"], hours=int(step["hours"]), label=step.get("label", ""))
        for step in entry["approval"]
    ]


def _entry(family: ClauseFamily, version: ClauseVersion | None) -> dict[str, Any]:
    texts, steps = (draft_texts(version), steps_of(version)) if version else ([], [])
    return {"label": family.label, "shape": family.shape, **_reads(texts, steps)}


def _reads(texts: Sequence[TextDraft], steps: Sequence[Step]) -> dict[str, Any]:
    """Return what a version says as a file holds it: the same for the same meaning."""
    return {
        "texts": [
            {
                "key": text.key,
                "label": text.label,
                "wording": text.wording,
                "terms": dict(text.terms),
                "tiers": sorted(text.tiers),
            }
            for text in texts
        ],
        "approval": [
            {"function": str(step.function), "hours": step.hours, "label": step.label} for step in steps
        ],
    }


def _standard(family: ClauseFamily, texts: Sequence[TextDraft], steps: Sequence[Step]) -> Standard:
    return Standard(
        family=family.key,
        label=family.label,
        shape=SHAPES[family.shape],
        version=0,
        version_id=0,
        texts=tuple(
            Text(
                id=None,
                key=text.key,
                label=text.label,
                wording=text.wording,
                terms=text.terms,
                is_preferred=place == 0,
                tiers=tuple(text.tiers),
            )
            for place, text in enumerate(texts)
        ),
        steps=tuple(steps),
    )


def _is_new(family: ClauseFamily) -> bool:
    return bool(family._state.adding)  # noqa: SLF001 - Django's own name for it


def _in_force() -> dict[int, ClauseVersion]:
    return {version.family_id: version for version in ClauseVersion.objects.published().with_texts()}
