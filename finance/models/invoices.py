"""Invoices and credit notes with their lines, payments, and what of the one settles the other."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from finance.invoices.querysets import AllocationQuerySet, InvoiceQuerySet, PaymentQuerySet
from sync.models import LIVE, OWN_SLUG, SyncedModel


class RootCause(models.TextChoices):
    WRONG_PRICE = "wrong_price", "Wrong price"
    WRONG_QUANTITY = "wrong_quantity", "Wrong quantity"
    WRONG_PERIOD = "wrong_period", "Wrong period"
    WRONG_RECIPIENT = "wrong_recipient", "Wrong recipient"
    WRONG_TERMS = "wrong_terms", "Wrong terms"
    DUPLICATE = "duplicate", "Billed twice"
    MISSING_REFERENCE = "missing_reference", "Missing reference"
    CONTRACT_LATE = "contract_late", "Contract came late"
    OTHER = "other", "Other"
    GOODWILL = "goodwill", "Goodwill, no fault"


def _money(**options: object) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=18, decimal_places=4, **options)  # type: ignore[arg-type]


class Invoice(SyncedModel):
    """An invoice to an account, or a credit note; billing owns it, here (source ``abe``) or elsewhere.

    ``account`` is who is billed. ``lines`` is what was sent, ``InvoiceLine`` the same as rows and ``net``, ``tax`` and
    ``total`` their sums, both written by ``finance.invoices.effects`` in the transaction that brings the record, in
    ``currency``. A credit note's amounts are positive; it takes them off ``corrects``, as far as that is open. Whether
    it is paid follows from its allocations. Where ``due_on`` is null the terms agreed decide (``with_due``). One that
    was made and issued here is never changed again, only voided, written off or corrected by a credit note. Its
    ``paper`` is what was sent: buyer, seller and lines in words as they were at issue, null for a draft and for one
    that another system made.
    """

    class Kind(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        CREDIT_NOTE = "credit_note", "Credit note"

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        ISSUED = "issued", "Issued"
        VOID = "void", "Void"
        UNCOLLECTIBLE = "uncollectible", "Written off"

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+")
    number = models.CharField(max_length=128)
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.INVOICE, db_default=Kind.INVOICE)
    corrects = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="credit_notes")
    root_cause = models.CharField(max_length=20, choices=RootCause, default="", db_default="", blank=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.ISSUED, db_default=Status.ISSUED)
    issued_on = models.DateField()
    due_on = models.DateField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    purchase_order = models.CharField(max_length=128, default="", db_default="", blank=True)
    period_start = models.DateField(null=True, blank=True)
    period_end = models.DateField(null=True, blank=True, help_text="First day after the period.")
    lines = models.JSONField(default=list, db_default=[], blank=True)
    net = _money(default=0, db_default=0)
    tax = _money(default=0, db_default=0)
    total = _money(default=0, db_default=0)
    paper = models.JSONField(
        null=True, blank=True, help_text="All that its paper says, as finance.billing.papers.paper.Paper."
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="finance_invoice_only_credit_notes_correct",
                condition=Q(corrects=None) | Q(kind="credit_note"),
            ),
            models.CheckConstraint(
                name="finance_invoice_period_ends_after_start",
                condition=Q(period_start=None) | Q(period_end=None) | Q(period_end__gt=F("period_start")),
            ),
            models.CheckConstraint(
                name="finance_invoice_totals_agree", condition=Q(total=F("net") + F("tax"), total__gte=0)
            ),
        )
        indexes = (
            models.Index(name="finance_invoice_by_account", fields=("account", "issued_on")),
            models.Index(name="finance_invoice_by_day", fields=("-issued_on", "-id"), condition=LIVE),
            models.Index(name="finance_invoice_number", fields=("number",)),
        )
        triggers = (
            pgtrigger.Trigger(
                name="issued_here_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                # Its account may change: the one that is billed may be merged into another.
                condition=pgtrigger.Q(old__status__in=("issued", "void", "uncollectible"))
                & (
                    pgtrigger.Q(new__status="draft")
                    | pgtrigger.Q(old__status="void", new__status__df="void")
                    | pgtrigger.Q(old__number__df=pgtrigger.F("new__number"))
                    | pgtrigger.Q(old__kind__df=pgtrigger.F("new__kind"))
                    | pgtrigger.Q(old__corrects__df=pgtrigger.F("new__corrects"))
                    | pgtrigger.Q(old__issued_on__df=pgtrigger.F("new__issued_on"))
                    | pgtrigger.Q(old__due_on__df=pgtrigger.F("new__due_on"))
                    | pgtrigger.Q(old__currency__df=pgtrigger.F("new__currency"))
                    | pgtrigger.Q(old__purchase_order__df=pgtrigger.F("new__purchase_order"))
                    | pgtrigger.Q(old__period_start__df=pgtrigger.F("new__period_start"))
                    | pgtrigger.Q(old__period_end__df=pgtrigger.F("new__period_end"))
                    | pgtrigger.Q(old__lines__df=pgtrigger.F("new__lines"))
                    # What was issued before papers were kept gets its own once.
                    | pgtrigger.Q(old__paper__isnull=False, old__paper__df=pgtrigger.F("new__paper"))
                    | pgtrigger.Q(old__deleted_at__isnull=True, new__deleted_at__isnull=False)
                ),
                declare=[("made_here", "boolean")],
                func=(
                    "SELECT EXISTS (SELECT FROM sync_link AS link JOIN sync_source AS source "  # noqa: S608 - constants
                    "ON source.id = link.source_id WHERE link.resource = 'invoices' AND link.object_id = OLD.id "
                    f"AND source.slug = '{OWN_SLUG}') INTO made_here; "
                    "IF made_here THEN RAISE EXCEPTION 'An issued invoice is never changed: correct it by a credit "
                    "note.' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;"
                ),
            ),
        )

    def __str__(self) -> str:
        return self.number or f"Invoice {self.pk}"


class InvoiceLine(models.Model):
    """One position of an invoice, as ``Invoice.lines`` has it; made by the effect, never written otherwise.

    ``account`` is the division that it is for, by default the one billed. A number keeps its row for good, so that
    what is said of a line stays with it: one that the source took away is no longer ``is_current``.
    """

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="positions", db_index=False)
    number = models.PositiveIntegerField()
    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+")
    contract_line = models.ForeignKey("finance.ContractLine", models.SET_NULL, null=True, related_name="+")
    description = models.CharField(max_length=500)
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True, help_text="First day after the period.")
    quantity = _money(default=1)
    unit_amount = _money(null=True)
    net = _money()
    tax_percent = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    tax = _money(default=0)
    total = _money()
    is_current = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="finance_invoiceline_number", fields=("invoice", "number")),
            models.CheckConstraint(
                name="finance_invoiceline_total_agrees", condition=Q(total=F("net") + F("tax"))
            ),
        )

    def __str__(self) -> str:
        return f"{self.number}. {self.description}"


class Payment(SyncedModel):
    """Money that came for an invoice or an account; a refund is negative. The bank or billing owns it.

    ``account`` follows ``invoice`` where it names one (``finance.invoices.effects``).
    """

    invoice = models.ForeignKey(Invoice, models.SET_NULL, null=True, blank=True, related_name="payments")
    account = models.ForeignKey("accounts.Account", models.CASCADE, null=True, blank=True, related_name="+")
    paid_on = models.DateField()
    amount = _money()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=255, default="", db_default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = PaymentQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="finance_payment_for_somebody",
                condition=Q(invoice__isnull=False) | Q(account__isnull=False),
            ),
            models.CheckConstraint(name="finance_payment_of_something", condition=~Q(amount=0)),
        )
        indexes = (
            models.Index(name="finance_payment_by_account", fields=("account", "paid_on")),
            models.Index(name="finance_payment_by_day", fields=("-paid_on", "-id"), condition=LIVE),
        )

    def __str__(self) -> str:
        return self.reference or f"Payment {self.pk}"


class AllocationRun(models.Model):
    """One turn of automatic allocation, so that it can be undone as it was done."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"Allocation of {self.at:%Y-%m-%d}"


class Allocation(models.Model):
    """How much of a payment or a credit note settles an invoice; a refund takes some of that back, negative.

    One that was ``sent`` follows from what the payment or credit note names, and is made anew with it. The others
    are somebody's word: they give way to what was sent, and are undone, never deleted. All are of one account and
    currency, and written under ``finance.invoices.settling.lock_allocations``. Counts from ``on``: the day of the
    money, or of the invoice where that is later.
    """

    class Kind(models.TextChoices):
        SENT = "sent", "As the source says"
        HAND = "hand", "By hand"
        AUTOMATIC = "automatic", "Oldest due first"

    payment = models.ForeignKey(Payment, models.CASCADE, null=True, related_name="allocations")
    credit = models.ForeignKey(Invoice, models.CASCADE, null=True, related_name="given")
    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="allocations")
    amount = _money()
    on = models.DateField()
    kind = models.CharField(max_length=10, choices=Kind)
    run = models.ForeignKey(AllocationRun, models.PROTECT, null=True, related_name="allocations")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undone_why = models.CharField(max_length=255, default="", db_default="", blank=True)

    objects = AllocationQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="finance_allocation_of_one", condition=Q(payment=None) ^ Q(credit=None)
            ),
            models.CheckConstraint(name="finance_allocation_of_something", condition=~Q(amount=0)),
            models.CheckConstraint(
                name="finance_allocation_refunds_are_sent", condition=Q(amount__gt=0) | Q(kind="sent")
            ),
            models.UniqueConstraint(
                name="finance_allocation_one_sent_of_payment", fields=("payment",), condition=Q(kind="sent")
            ),
            models.UniqueConstraint(
                name="finance_allocation_one_sent_of_credit", fields=("credit",), condition=Q(kind="sent")
            ),
        )
        triggers = (
            pgtrigger.Trigger(
                name="fits",
                when=pgtrigger.After,
                timing=pgtrigger.Deferred,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("amount", "undone_at"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Q(new__undone_at__isnull=True),
                declare=[("given", "numeric"), ("held", "numeric")],
                func=(
                    "SELECT coalesce(sum(amount), 0) INTO given FROM finance_allocation "
                    "WHERE invoice_id = NEW.invoice_id AND undone_at IS NULL; "
                    "SELECT total INTO held FROM finance_invoice WHERE id = NEW.invoice_id; "
                    "IF given < 0 OR given > held THEN RAISE EXCEPTION 'Invoice % of % would be settled by %.', "
                    "NEW.invoice_id, held, given USING ERRCODE = 'check_violation'; END IF; "
                    "IF NEW.payment_id IS NOT NULL THEN "
                    "SELECT coalesce(sum(amount), 0) INTO given FROM finance_allocation "
                    "WHERE payment_id = NEW.payment_id AND undone_at IS NULL; "
                    "SELECT amount INTO held FROM finance_payment WHERE id = NEW.payment_id; "
                    "ELSE SELECT coalesce(sum(amount), 0) INTO given FROM finance_allocation "
                    "WHERE credit_id = NEW.credit_id AND undone_at IS NULL; "
                    "SELECT total INTO held FROM finance_invoice WHERE id = NEW.credit_id; END IF; "
                    "IF abs(given) > abs(held) OR given * held < 0 THEN RAISE EXCEPTION "
                    "'% would be allocated of %.', given, held USING ERRCODE = 'check_violation'; END IF; "
                    "RETURN NULL;"
                ),
            ),
        )

    def __str__(self) -> str:
        return f"{self.amount} for {self.invoice_id}"


class InvoiceDispute(models.Model):
    """A customer's objection to a line; while it is open nobody asks for the line's amount."""

    class Outcome(models.TextChoices):
        UPHELD = "upheld", "The customer was right"
        REJECTED = "rejected", "The line stands"
        WITHDRAWN = "withdrawn", "Withdrawn"
        LINE_GONE = "line_gone", "The line was taken away"

    line = models.ForeignKey(InvoiceLine, models.CASCADE, related_name="disputes")
    reason = models.CharField(max_length=1000)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(db_default=Now())
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    resolved_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default="", db_default="", blank=True)
    note = models.CharField(max_length=1000, default="", db_default="", blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="finance_invoicedispute_one_open", fields=("line",), condition=Q(resolved_at=None)
            ),
            models.CheckConstraint(
                name="finance_invoicedispute_resolved_with_outcome",
                condition=Q(resolved_at=None, outcome="") | (Q(resolved_at__isnull=False) & ~Q(outcome="")),
            ),
        )

    def __str__(self) -> str:
        return self.reason

    def has_ended(self, by: datetime) -> bool:
        """Return whether it had been resolved before an instant."""
        return self.resolved_at is not None and self.resolved_at < by


class InvoiceCorrection(models.Model):
    """That an issued invoice was wrong, and why: the effect finds it, a person or the credit note names the cause.

    Of ``found_on``, in the invoice's currency. Goodwill corrects nothing that was wrong.
    """

    class Kind(models.TextChoices):
        CREDITED = "credited", "Credited"
        CHANGED = "changed", "Changed by its source"
        VOIDED = "voided", "Voided"

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="corrections")
    kind = models.CharField(max_length=10, choices=Kind)
    credit_note = models.OneToOneField(Invoice, models.CASCADE, null=True, related_name="correction")
    total_before = _money()
    total_after = _money()
    root_cause = models.CharField(max_length=20, choices=RootCause, default="", db_default="", blank=True)
    note = models.CharField(max_length=1000, default="", db_default="", blank=True)
    found_on = models.DateField()
    found_at = models.DateTimeField(db_default=Now())
    named_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    named_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="finance_invoicecorrection_credited_by_a_note",
                condition=Q(kind="credited", credit_note__isnull=False)
                | (~Q(kind="credited") & Q(credit_note=None)),
            ),
        )
        indexes = (
            models.Index(name="finance_correction_open", fields=("found_on",), condition=Q(root_cause="")),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.invoice}"
