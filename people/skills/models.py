"""What people can do, in words that everybody uses alike."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now


class SkillKind(models.TextChoices):
    AREA = "area", "Product area"
    LANGUAGE = "language", "Language"
    TECHNICAL = "technical", "Technical skill"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Skill(models.Model):
    """A word of the vocabulary; support, People and RevOps own it.

    One of the kind ``area`` is named as the help desk names the product area of a ticket, in any case of letters.
    """

    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=SkillKind)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(Lower("name"), name="people_skill_name"),
            models.CheckConstraint(name="people_skill_named", condition=~Q(name="")),
            models.CheckConstraint(
                name="people_skill_kind_known", condition=Q(kind__in=("area", "language", "technical"))
            ),
        )

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class PersonSkill(models.Model):
    """A person has a skill."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="skills", db_index=False
    )
    skill = models.ForeignKey(Skill, models.PROTECT, related_name="people")

    class Meta:
        constraints = (models.UniqueConstraint(name="people_personskill_once", fields=("person", "skill")),)

    def __str__(self) -> str:
        return f"{self.person}: {self.skill}"
