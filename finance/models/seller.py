"""Who issues the invoices: the company's own particulars as its papers bear them."""

from __future__ import annotations

from datetime import date
from typing import Self

import pghistory
from django.db import models
from django.db.models import Q

from common.versions.frozen import frozen_after_draft
from common.versions.models import DatedVersion, DatedVersionQuerySet, VersionState

COUNTS = (VersionState.SCHEDULED, VersionState.PUBLISHED, VersionState.RETIRED)


class SellerQuerySet(DatedVersionQuerySet["SellerParticulars"]):
    def on(self, day: date) -> SellerParticulars | None:
        """Return the version that counts on a day: of those that have begun the latest, if it hasn't ended."""
        begun = self.filter(state__in=COUNTS, starts_on__lte=day).order_by("-starts_on", "-version").first()
        return None if begun is None or (begun.ends_on is not None and begun.ends_on <= day) else begun

    def agreed(self) -> Self:
        """Versions that count, have counted or will, the newest first."""
        return self.filter(state__in=COUNTS).newest_first()


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class SellerParticulars(DatedVersion):
    """What invoices, credit notes and statements say of the seller from ``starts_on`` on; finance and RevOps own it.

    One series of versions: one legal entity sells. Texts are empty where nothing is known; ``country`` is ISO 3166,
    ``iban``, ``bic``, ``account_number`` and ``routing_number`` stand without blanks.
    """

    name = models.CharField(max_length=200, blank=True)
    address = models.TextField(blank=True)
    country = models.CharField(max_length=2, blank=True)
    vat_number = models.CharField(max_length=32, blank=True)
    tax_number = models.CharField(max_length=32, blank=True)
    registration = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    bank = models.CharField(max_length=120, blank=True)
    iban = models.CharField(max_length=34, blank=True)
    bic = models.CharField(max_length=11, blank=True)
    account_number = models.CharField(max_length=34, blank=True)
    routing_number = models.CharField(max_length=20, blank=True)
    payment_hint = models.CharField(max_length=300, blank=True)

    objects = SellerQuerySet.as_manager()

    class Meta:
        verbose_name = "seller's particulars"
        verbose_name_plural = "seller's particulars"
        constraints = (
            models.UniqueConstraint(name="finance_sellerparticulars_version", fields=("version",)),
            models.UniqueConstraint(
                name="finance_sellerparticulars_one_published",
                fields=("state",),
                condition=Q(state="published"),
            ),
            models.CheckConstraint(
                name="finance_sellerparticulars_dated",
                condition=Q(state="draft") | Q(starts_on__isnull=False),
            ),
        )
        triggers = (
            frozen_after_draft(
                "particulars",
                content=(
                    "name",
                    "address",
                    "country",
                    "vat_number",
                    "tax_number",
                    "registration",
                    "email",
                    "bank",
                    "iban",
                    "bic",
                    "account_number",
                    "routing_number",
                    "payment_hint",
                ),
                is_dated=True,
            ),
        )

    def __str__(self) -> str:
        return f"Version {self.version}"
