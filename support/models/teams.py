"""Teams of support: queues with members, each up to a number of open tickets, and the skills that they cover."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

MOST_OPEN = 1000


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class SupportTeam(models.Model):
    """A queue and those who work on it; support and RevOps own it.

    The one that is general takes what no other does: it covers everything, and there is one.
    """

    name = models.CharField(max_length=80)
    purpose = models.CharField(max_length=200, blank=True)
    is_general = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(Lower("name"), name="support_supportteam_name"),
            models.CheckConstraint(name="support_supportteam_named", condition=~Q(name="")),
            models.UniqueConstraint(
                name="support_supportteam_one_general",
                fields=("is_general",),
                condition=Q(is_general=True),
            ),
        )

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class TeamMember(models.Model):
    """A person works for a team, with up to ``open_limit`` open tickets at a time, of all teams together."""

    team = models.ForeignKey(SupportTeam, models.CASCADE, related_name="members", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    open_limit = models.PositiveSmallIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="support_teammember_once", fields=("team", "person")),
            models.CheckConstraint(
                name="support_teammember_limit", condition=Q(open_limit__gte=1, open_limit__lte=MOST_OPEN)
            ),
        )

    def __str__(self) -> str:
        return f"{self.person} in {self.team}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class TeamSkill(models.Model):
    """A team covers a product area, a language or a technical skill."""

    team = models.ForeignKey(SupportTeam, models.CASCADE, related_name="covers", db_index=False)
    skill = models.ForeignKey("people.Skill", models.PROTECT, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(name="support_teamskill_once", fields=("team", "skill")),)

    def __str__(self) -> str:
        return f"{self.team} covers {self.skill}"
