"""Writes of teams: their names, who works for them and what they cover."""

from __future__ import annotations

from collections.abc import Iterable

import pghistory
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import ProtectedError

from people.functions import Function
from people.models import Skill, User
from support.models import SupportTeam, TeamMember, TeamSkill
from support.models.teams import MOST_OPEN

EDITORS = frozenset({Function.SUPPORT, Function.REVOPS})
REFUSED = "Teams are for support and RevOps to write. Ask a colleague there."

LONGEST = {"name": 80, "purpose": 200}


@transaction.atomic
def create_team(
    *, name: str, by: User | None, purpose: str = "", covers: Iterable[Skill] = (), is_general: bool = False
) -> SupportTeam:
    """Begin a team; return it. Raises ValidationError by field, PermissionDenied for others than the editors.

    One that is general takes the place of the one before.
    """
    _refuse_others(by)
    return _keep(SupportTeam(), name, purpose, covers, is_general, by)


@transaction.atomic
def change_team(
    *, team: SupportTeam, name: str, by: User | None, purpose: str, covers: Iterable[Skill], is_general: bool
) -> SupportTeam:
    """Change what a team is called and covers; raises as ``create_team`` does.

    The general team stays general until another one is.
    """
    held = _locked(team, by)
    if held.is_general and not is_general:
        told = "What no other team takes comes here. Make another team the general one instead."
        raise ValidationError({"is_general": told})
    return _keep(held, name, purpose, covers, is_general, by)


@transaction.atomic
def delete_team(*, team: SupportTeam, by: User | None) -> None:
    """Delete a team; raises ValidationError for the general one, and where something refers to it."""
    held = _locked(team, by)
    if held.is_general:
        raise ValidationError("The general team takes what no other does. Make another one general first.")
    try:
        with transaction.atomic(), _authored(by):
            for row in (*held.members.all(), *held.covers.all()):
                row.delete()
            held.delete()
    except ProtectedError as error:
        raise ValidationError(f"{held} is in use. Take its members out instead.") from error


@transaction.atomic
def set_member(*, team: SupportTeam, person: User, open_limit: int, by: User | None) -> TeamMember:
    """Let a person work for a team with up to so many open tickets at a time; raises as ``create_team`` does."""
    held = _locked(team, by)
    if not 1 <= open_limit <= MOST_OPEN:
        raise ValidationError({"open_limit": f"Choose from 1 to {MOST_OPEN:,}."})
    if not person.is_active:
        raise ValidationError({"person": f"{person} can’t sign in any more. Choose somebody else."})
    member = TeamMember.objects.filter(team=held, person=person).first() or TeamMember(
        team=held, person=person
    )
    if member.open_limit != open_limit:
        member.open_limit = open_limit
        with _authored(by):
            member.save()
    return member


@transaction.atomic
def remove_member(*, member: TeamMember, by: User | None) -> None:
    """Take a person out of a team."""
    held = _locked(member.team, by)
    with _authored(by):
        for row in TeamMember.objects.filter(team=held, pk=member.pk):
            row.delete()


def _locked(team: SupportTeam, by: User | None) -> SupportTeam:
    _refuse_others(by)
    return SupportTeam.objects.select_for_update().get(pk=team.pk)


def _keep(
    team: SupportTeam, name: str, purpose: str, covers: Iterable[Skill], is_general: bool, by: User | None
) -> SupportTeam:
    team.name = _text("name", name, 1)
    team.purpose = _text("purpose", purpose, 0)
    if SupportTeam.objects.filter(name__iexact=team.name).exclude(pk=team.pk).exists():
        raise ValidationError({"name": "There is a team of this name already. Choose another name."})
    with _authored(by):
        if is_general and not team.is_general:
            for before in SupportTeam.objects.select_for_update().filter(is_general=True):
                before.is_general = False
                before.save(update_fields=["is_general"])
        team.is_general = is_general
        team.save()
        wanted = {skill.pk for skill in covers}
        held = {row.skill_id: row for row in team.covers.all()}
        for key in sorted(held.keys() - wanted):
            held[key].delete()
        for key in sorted(wanted - held.keys()):
            TeamSkill.objects.create(team=team, skill_id=key)
    return team


def _text(field: str, text: str, least: int) -> str:
    kept = " ".join(text.split())
    longest = LONGEST[field]
    if not least <= len(kept) <= longest or not kept.isprintable():
        raise ValidationError({field: f"Write {longest} letters at most, such as Billing specialists."})
    return kept


def _authored(by: User | None) -> pghistory.context:
    return pghistory.context(user=by.pk if by else None)


def _refuse_others(by: User | None) -> None:
    if by is not None and by.function not in EDITORS:
        raise PermissionDenied(REFUSED)
