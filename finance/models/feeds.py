"""The calendar that people subscribe to: secret links, and what stands in it with its revision."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from finance.models.contracts import Contract
from finance.models.obligations import ContractObligation
from people.links.models import SecretLink


class CalendarFeed(SecretLink):
    """A secret address of the calendar of contracts, for the person who made it.

    It shows what ``created_by`` may read at the time it is read; ``only_mine`` keeps to accounts they own, and to
    obligations that are theirs.
    """

    only_mine = models.BooleanField(default=False)


class CalendarEvent(models.Model):
    """One day of a contract as calendars know it: a term that ends, a last day for notice, an obligation.

    Made of contracts and obligations, and kept so that calendars see the same event move: ``sequence`` rises with
    each move, and one that is off stays for a while as cancelled. ``day`` is the day shown, ``falls_on`` the one
    before a weekend or holiday moved it.
    """

    class Kind(models.TextChoices):
        END = "end", "Term ends"
        NOTICE = "notice", "Last day for notice"
        OBLIGATION = "obligation", "Obligation"

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    number = models.BigIntegerField(help_text="Of the term, or the key of the obligation.")
    obligation = models.ForeignKey(ContractObligation, models.CASCADE, null=True, related_name="+")
    day = models.DateField()
    falls_on = models.DateField()
    sequence = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(db_default=Now())
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="finance_calendarevent_one", fields=("contract", "kind", "number")),
            models.CheckConstraint(
                name="finance_calendarevent_obligation",
                condition=Q(kind="obligation", obligation__isnull=False)
                | (~Q(kind="obligation") & Q(obligation=None)),
            ),
        )
        indexes = (models.Index(name="finance_calendarevent_day", fields=("day",)),)

    def __str__(self) -> str:
        return f"{self.kind} {self.contract_id} {self.number}"
