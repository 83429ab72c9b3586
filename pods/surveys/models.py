"""What customers were asked, and by what rules."""

from __future__ import annotations

from uuid import uuid4

import pghistory
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Account
from pods.surveys.querysets import SurveyRequestQuerySet

LONGEST_QUIET = 366
LONGEST_VALID = 180
VALID_DAYS = 30


class SurveyRequest(models.Model):
    """One question to one person, answered once at most; the product owns it.

    ``code`` is what its link names, signed (``pods.surveys.tokens``). ``subject_id`` is the object that the kind asks
    about, ``about`` its name by then. ``asked_by`` is empty where it was asked by itself. The answer is kept here as
    given, and as a record of the kind's resource under the name ``record_id``. A worker that sends holds it until
    ``claimed_until``.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ANSWERED = "answered", "Answered"
        EXPIRED = "expired", "Not answered"
        WITHDRAWN = "withdrawn", "Taken back"
        UNDELIVERED = "undelivered", "Not delivered"

    code = models.UUIDField(default=uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=16, help_text="Key of a kind of survey, such as csat.")
    account = models.ForeignKey(Account, models.CASCADE, related_name="surveys", db_index=False)
    subject_id = models.BigIntegerField()
    about = models.CharField(max_length=512, blank=True)
    name = models.CharField(max_length=255, blank=True)
    email = models.CharField(max_length=254)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    due_at = models.DateTimeField(db_default=Now())
    claimed_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    error = models.CharField(max_length=500, blank=True)
    rating = models.PositiveSmallIntegerField(null=True, blank=True)
    comment = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects = SurveyRequestQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="pods_surveyrequest_answered_whole",
                condition=Q(rating=None, answered_at=None, comment="")
                | Q(rating__isnull=False, answered_at__isnull=False),
            ),
            models.CheckConstraint(
                name="pods_surveyrequest_one_end", condition=Q(answered_at=None) | Q(withdrawn_at=None)
            ),
            models.CheckConstraint(
                name="pods_surveyrequest_expires", condition=Q(expires_at__gte=F("asked_at"))
            ),
            models.CheckConstraint(name="pods_surveyrequest_to_somebody", condition=~Q(email="")),
        )
        indexes = (
            models.Index(name="pods_surveyrequest_of", fields=("account", "-asked_at")),
            models.Index(name="pods_surveyrequest_newest", fields=("-asked_at", "-id")),
            models.Index(name="pods_surveyrequest_about", fields=("kind", "subject_id")),
            models.Index(
                name="pods_surveyrequest_due",
                fields=("due_at",),
                condition=Q(sent_at=None, given_up_at=None, answered_at=None, withdrawn_at=None),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def record_id(self) -> str:
        """The external id of its record among those made here."""
        return f"survey-{self.pk}"

    @property
    def state(self) -> State:
        """How it stands now."""
        if self.answered_at is not None:
            return self.State.ANSWERED
        if self.withdrawn_at is not None:
            return self.State.WITHDRAWN
        if self.given_up_at is not None:
            return self.State.UNDELIVERED
        return self.State.OPEN if self.expires_at > timezone.now() else self.State.EXPIRED


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class SurveyRule(models.Model):
    """By what a kind of survey is asked, where RevOps wants it other than the kind says by itself.

    ``automatic_since`` is when it began to be asked by itself; empty while only people ask.
    """

    kind = models.CharField(max_length=16, unique=True)
    automatic_since = models.DateTimeField(null=True, blank=True)
    quiet_days = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(0), MaxValueValidator(LONGEST_QUIET)]
    )
    valid_days = models.PositiveSmallIntegerField(
        default=VALID_DAYS, validators=[MinValueValidator(1), MaxValueValidator(LONGEST_VALID)]
    )

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="pods_surveyrule_days",
                condition=Q(quiet_days__lte=LONGEST_QUIET, valid_days__gte=1, valid_days__lte=LONGEST_VALID),
            ),
        )

    def __str__(self) -> str:
        return self.kind
