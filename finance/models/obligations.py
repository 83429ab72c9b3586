"""What a contract obliges us or the customer to do by a day, once or again and again."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from finance.models.contracts import Contract
from finance.models.versions import ContractVersion
from finance.querysets import ContractObligationQuerySet


class ContractObligation(models.Model):
    """One thing that is due on a day by a contract; written here, by legal or finance.

    One that comes again (``months`` apart) is a row for each time: the next one is written when this is done. Its
    days are counted from ``first_due_on``, so that the end of a month stays one. Of a contract that ends, what would
    be due later no longer is, unless it ``survives`` the end.
    """

    class Party(models.TextChoices):
        OURS = "ours", "We"
        THEIRS = "theirs", "The customer"

    class Every(models.IntegerChoices):
        ONCE = 0, "Once"
        MONTH = 1, "Every month"
        QUARTER = 3, "Every quarter"
        HALF_YEAR = 6, "Every half-year"
        YEAR = 12, "Every year"

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="obligations")
    version = models.ForeignKey(
        ContractVersion,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="That brought it.",
    )
    title = models.CharField(max_length=200)
    note = models.TextField(blank=True)
    party = models.CharField(max_length=6, choices=Party, default=Party.OURS)
    first_due_on = models.DateField()
    due_on = models.DateField()
    months = models.PositiveSmallIntegerField(choices=Every, default=Every.ONCE)
    turn = models.PositiveIntegerField(default=0, help_text="How many times it was due before.")
    survives = models.BooleanField(default=False, help_text="Whether it is due after the contract's end too.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    notice_days = models.PositiveSmallIntegerField(
        default=14, help_text="How long before it is due its owner is reminded."
    )
    follows = models.OneToOneField("self", models.SET_NULL, null=True, blank=True, related_name="next")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    evidence = models.TextField(blank=True, help_text="What shows that it was done.")
    dropped_at = models.DateTimeField(null=True, blank=True, help_text="When it was found to be void.")

    objects = ContractObligationQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(name="finance_contractobligation_titled", condition=~Q(title="")),
            models.CheckConstraint(
                name="finance_contractobligation_months_known", condition=Q(months__in=(0, 1, 3, 6, 12))
            ),
            models.CheckConstraint(
                name="finance_contractobligation_done_by_somebody",
                condition=Q(done_at=None, done_by=None) | Q(done_at__isnull=False, done_by__isnull=False),
            ),
            models.CheckConstraint(
                name="finance_contractobligation_done_or_dropped",
                condition=Q(done_at=None) | Q(dropped_at=None),
            ),
        )
        indexes = (
            models.Index(
                name="finance_obligation_open",
                fields=("due_on", "id"),
                condition=Q(done_at=None, dropped_at=None),
            ),
        )

    def __str__(self) -> str:
        return self.title
