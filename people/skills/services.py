"""Writes of skills: the vocabulary, and who has which."""

from __future__ import annotations

from collections.abc import Iterable

import pghistory
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import ProtectedError

from people.functions import Function
from people.models import PersonSkill, Skill, SkillKind, User

EDITORS = frozenset({Function.SUPPORT, Function.PEOPLE, Function.REVOPS})
REFUSED = (
    "Skills are for support, People and RevOps to write; everybody writes their own. Ask a colleague there."
)


@transaction.atomic
def create_skill(*, name: str, kind: str, by: User | None) -> Skill:
    """Add a word to the vocabulary; raises ValidationError by field, PermissionDenied for others than the editors."""
    return _keep(Skill(), name, kind, by)


@transaction.atomic
def change_skill(*, skill: Skill, name: str, kind: str, by: User | None) -> Skill:
    """Give a skill another name or kind; whoever has it keeps it. Raises as ``create_skill`` does."""
    return _keep(Skill.objects.select_for_update().get(pk=skill.pk), name, kind, by)


@transaction.atomic
def delete_skill(*, skill: Skill, by: User | None) -> None:
    """Take a skill out of the vocabulary; raises ValidationError while somebody has it or something asks for it."""
    _refuse_others(by)
    try:
        with transaction.atomic(), _authored(by):
            Skill.objects.select_for_update().get(pk=skill.pk).delete()
    except ProtectedError as error:
        told = (
            f"{skill} is in use ({len(error.protected_objects)} ×). Take it away from people and teams first."
        )
        raise ValidationError(told) from error


@transaction.atomic
def set_skills(*, person: User, skills: Iterable[Skill], by: User | None) -> None:
    """Let a person have exactly these skills. Locks the person. Everybody may set their own."""
    if by is None or by.pk != person.pk:
        _refuse_others(by)
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    wanted = {skill.pk for skill in skills}
    held = {row.skill_id: row for row in PersonSkill.objects.filter(person=person)}
    with _authored(by):
        for key in sorted(held.keys() - wanted):
            held[key].delete()
        for key in sorted(wanted - held.keys()):
            PersonSkill.objects.create(person=person, skill_id=key)


def _keep(skill: Skill, name: str, kind: str, by: User | None) -> Skill:
    _refuse_others(by)
    kept = " ".join(name.split())
    longest = Skill._meta.get_field("name").max_length or 0
    if not kept or len(kept) > longest or not kept.isprintable():
        raise ValidationError({"name": f"Name the skill in {longest} letters at most, such as Payments."})
    if kind not in SkillKind.values:
        raise ValidationError({"kind": "Choose what kind of skill it is."})
    if Skill.objects.filter(name__iexact=kept).exclude(pk=skill.pk).exists():
        raise ValidationError({"name": "There is a skill of this name already. Choose another name."})
    skill.name, skill.kind = kept, kind
    with _authored(by):
        skill.save()
    return skill


def _authored(by: User | None) -> pghistory.context:
    return pghistory.context(user=by.pk if by else None)


def _refuse_others(by: User | None) -> None:
    if by is not None and by.function not in EDITORS:
        raise PermissionDenied(REFUSED)
