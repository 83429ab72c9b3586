"""Write the library: families, drafts of their versions, publication, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import Tier
from common.versions.cycle import Lifecycle, authored
from finance.clauses.library import Step, standard_of
from finance.clauses.terms import SHAPES
from finance.clauses.words import differences
from finance.models import ClauseFamily, ClauseText, ClauseVersion
from people.functions import Function
from people.models import User

MOST_TEXTS = 20
MOST_STEPS = 5
MOST_HOURS = 720
LONGEST_WORDING = 20_000
EDITORS = (Function.LEGAL, Function.REVOPS)


@dataclass(frozen=True, kw_only=True, slots=True)
class TextDraft:
    """A text as somebody wrote it, unchecked; the first of a version is the preferred one.

    ``key`` is empty for a new one: it is then made of the label.
    """

    label: str
    wording: str
    key: str = ""
    terms: Mapping[str, Any] = field(default_factory=dict)
    tiers: Sequence[str] = ()


def edits_library(user: Any) -> bool:
    """Return whether a person writes the library: legal and RevOps do."""
    return getattr(user, "function", "") in EDITORS


def require_editor(by: User | None) -> None:
    """Raise PermissionDenied where a person doesn't write the library; None is the product itself."""
    if by is not None and not edits_library(by):
        raise PermissionDenied("The clause library is written by Legal and RevOps.")


def _check(held: ClauseVersion) -> None:
    texts = draft_texts(held)
    check_version(held.family, texts, steps_of(held))


def _differences(before: ClauseVersion, after: ClauseVersion) -> list[str]:
    return differences(standard_of(before), standard_of(after))


cycle = Lifecycle(
    model=ClauseVersion,
    series=("family",),
    mark=lambda held: held.saved_at.isoformat(),
    check=_check,
    differences=_differences,
)


@transaction.atomic
def create_family(*, label: str, shape: str, by: User | None) -> ClauseFamily:
    """Add a family to the library, without a version yet. Raises ValidationError by field."""
    require_editor(by)
    label, key = label.strip(), slugify(label)[:40].strip("-")
    if not label or not key or len(label) > 80:
        raise ValidationError({"label": "Name it in up to 80 letters, such as Source code escrow."})
    if shape not in SHAPES:
        raise ValidationError({"shape": "Choose what stands beside the wording."})
    if (
        ClauseFamily.objects.filter(label__iexact=label).exists()
        or ClauseFamily.objects.filter(key=key).exists()
    ):
        raise ValidationError({"label": "Another clause has this name. Give it its own."})
    last = ClauseFamily.objects.order_by("-position").values_list("position", flat=True).first() or 0
    with authored(by):
        return ClauseFamily.objects.create(key=key, label=label, shape=shape, position=min(last + 10, 32_000))


@transaction.atomic
def create_clause_draft(
    *, family: ClauseFamily, by: User | None, based_on: ClauseVersion | None = None
) -> ClauseVersion:
    """Begin a draft of the next version with the texts of ``based_on``, else of the version in force."""
    require_editor(by)
    cycle.lock(ClauseVersion(family=family))
    source = based_on or family.versions.published().first()
    approval = source.approval if source else [{"function": Function.LEGAL.value, "hours": 48, "label": ""}]
    draft = cycle.begin(by=by, based_on=source, family=family, approval=approval)
    if source:
        _write_texts(draft, draft_texts(source))
    return draft


@transaction.atomic
def save_clause_draft(
    *,
    version: ClauseVersion,
    by: User | None,
    texts: Sequence[TextDraft],
    steps: Sequence[Step],
    note: str = "",
    expected: str | None = None,
) -> ClauseVersion:
    """Replace what a draft says.

    ``expected`` is the mark (``cycle.mark``) that the editor read. Raises ValidationError by field
    (``texts.0.wording``, ``steps.1.hours``), and VersionChangedError where somebody else saved in between or it is no
    draft any more.
    """
    require_editor(by)
    held = cycle.hold(version, expected=expected)
    written = check_version(held.family, texts, steps, is_whole=False)
    held.approval = [{"function": step.function, "hours": step.hours, "label": step.label} for step in steps]
    held.note, held.saved_at = note.strip(), timezone.now()
    with authored(by):
        held.save(update_fields=("approval", "note", "saved_at"))
    held.texts.all().delete()
    _write_texts(held, written)
    return held


@transaction.atomic
def discard_clause_draft(*, version: ClauseVersion, by: User | None) -> None:
    """Throw a draft away. Raises VersionChangedError where it is none any more."""
    require_editor(by)
    cycle.discard(version, by=by)


@transaction.atomic
def publish_clause_version(
    *, version: ClauseVersion, by: User | None, expected: str | None = None
) -> ClauseVersion:
    """Put a draft in force in place of the version published until now.

    What was granted by the earlier one stays granted. ``expected`` is what ``cycle.seen`` gave when the publisher
    looked; None is for whoever began the draft in the same go. Raises ValidationError where it can't be published,
    and VersionChangedError with the differences where it was saved, or another version published, meanwhile.
    """
    require_editor(by)
    return cycle.publish(version, by=by, expected=expected)


@transaction.atomic
def restore_clause_version(*, version: ClauseVersion, by: User | None) -> ClauseVersion:
    """Put what an earlier version said in force again, as a version of its own."""
    draft = create_clause_draft(family=version.family, by=by, based_on=version)
    save_clause_draft(
        version=draft,
        by=by,
        texts=draft_texts(version),
        steps=steps_of(version),
        note=f"Back to version {version.version}.",
    )
    return cycle.publish(draft, by=by)


def check_version(
    family: ClauseFamily, texts: Sequence[TextDraft], steps: Sequence[Step], *, is_whole: bool = True
) -> list[TextDraft]:
    """Return the texts as they are stored; raise ValidationError with what is wrong, by field.

    Without ``is_whole`` a draft may still be without texts.
    """
    problems: dict[str, list[str]] = {}
    if is_whole and not texts:
        problems["texts"] = ["Write the preferred text first: without one nothing can be compared with it."]
    if len(texts) > MOST_TEXTS:
        problems["texts"] = [f"Use at most {MOST_TEXTS} texts."]
    known = set(Tier.objects.values_list("slug", flat=True))
    written: list[TextDraft] = []
    keys: set[str] = set()
    labels: set[str] = set()
    for place, text in enumerate(texts[:MOST_TEXTS]):
        found, stored = _checked(text, SHAPES.get(family.shape, SHAPES["wording"]), known, place)
        if stored.label.casefold() in labels:
            found.setdefault("label", []).append("Another text has this name. Give each its own.")
        labels.add(stored.label.casefold())
        stored = _with_key(stored, keys)
        keys.add(stored.key)
        written.append(stored)
        problems |= {f"texts.{place}.{name}": told for name, told in found.items()}
    problems |= _step_problems(steps)
    if problems:
        raise ValidationError(problems)
    return written


def draft_texts(version: ClauseVersion) -> list[TextDraft]:
    """Return the texts of a version as they would be written."""
    return [
        TextDraft(key=text.key, label=text.label, wording=text.wording, terms=text.terms, tiers=text.tiers)
        for text in version.texts.all()
    ]


def steps_of(version: ClauseVersion) -> list[Step]:
    """Return whose word a version asks for beyond its texts."""
    return list(standard_of(version).steps)


def _checked(
    text: TextDraft, shape: Any, known: set[str], place: int
) -> tuple[dict[str, list[str]], TextDraft]:
    found: dict[str, list[str]] = {}
    label = " ".join(text.label.split())
    if not label or len(label) > 80:
        found["label"] = ["Name the text in up to 80 letters, such as Net 45."]
    wording = text.wording.replace("\x00", "").strip()
    if not wording:
        found["wording"] = ["Write the text as it should stand in the contract."]
    elif len(wording) > LONGEST_WORDING:
        found["wording"] = [f"Use at most {LONGEST_WORDING:,} letters."]
    tiers = list(dict.fromkeys(text.tiers)) if place else []
    if unknown := [slug for slug in tiers if slug not in known]:
        found["tiers"] = [f"There is no tier “{unknown[0][:40]}”."]
    terms: dict[str, Any] = {}
    try:
        terms = shape.check(text.terms)
    except ValidationError as error:
        found |= {f"terms.{name}": told for name, told in error.message_dict.items()}
    return found, TextDraft(key=text.key, label=label, wording=wording, terms=terms, tiers=tiers)


def _with_key(text: TextDraft, taken: set[str]) -> TextDraft:
    key = slugify(text.key or text.label)[:50] or "text"
    free = next(
        one for n in range(1, MOST_TEXTS + 2) if (one := key if n == 1 else f"{key}-{n}") not in taken
    )
    return TextDraft(key=free, label=text.label, wording=text.wording, terms=text.terms, tiers=text.tiers)


def _step_problems(steps: Sequence[Step]) -> dict[str, list[str]]:
    if not steps:
        return {"steps": ["Say whose word is needed beyond these texts: at least one function."]}
    if len(steps) > MOST_STEPS:
        return {"steps": [f"Use at most {MOST_STEPS} steps."]}
    found: dict[str, list[str]] = {}
    for place, step in enumerate(steps):
        if step.function not in Function.values:
            found[f"steps.{place}.function"] = ["Choose whose word is needed."]
        if not 1 <= step.hours <= MOST_HOURS:
            found[f"steps.{place}.hours"] = [f"Give from 1 to {MOST_HOURS} hours."]
    return found


def _write_texts(version: ClauseVersion, texts: Sequence[TextDraft]) -> None:
    ClauseText.objects.bulk_create(
        ClauseText(
            version=version,
            position=place,
            key=text.key,
            kind=ClauseText.Kind.FALLBACK if place else ClauseText.Kind.PREFERRED,
            label=text.label,
            wording=text.wording,
            terms=dict(text.terms),
            tiers=list(text.tiers),
        )
        for place, text in enumerate(texts)
    )
