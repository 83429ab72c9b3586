"""The account, the people in it, where it stands today and what happened to it."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Upper
from django.urls import reverse

from accounts.identity.models import (
    AccountMerge,
    AccountName,
    DuplicatePair,
    DuplicateSearch,
    MergedRow,
    SharedDomain,
)
from accounts.lists.models import (
    ListChange,
    ListMembership,
    ListPick,
    ListRule,
    ListSignature,
    SavedView,
    TargetList,
    ViewDefault,
)
from accounts.querysets import AccountQuerySet, ContactQuerySet, TimelineEventQuerySet
from people.models import FED_CHOICES, User
from sync.models import SyncedModel


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Tier(models.Model):
    """A word of the tier vocabulary; ``rank`` 1 is the highest."""

    slug = models.SlugField(max_length=32, unique=True)
    label = models.CharField(max_length=64)
    rank = models.PositiveSmallIntegerField(unique=True)

    class Meta:
        ordering = ("rank",)

    def __str__(self) -> str:
        return self.label


class Lifecycle(models.TextChoices):
    TARGET = "target", "Target"
    PROSPECT = "prospect", "Prospect"
    CUSTOMER = "customer", "Customer"
    CHURNED = "churned", "Churned"


class Account(SyncedModel):
    """A company or a division; the CRM owns its profile.

    Three parent links, kept apart: ``parent`` is the legal hierarchy, ``billing_parent`` pays, and
    ``workspace_ids`` are its names in the product's telemetry. Figures that change daily live in
    ``Standing``, so that these rows and their search index stay still.
    """

    name = models.CharField(max_length=255)
    domain = models.CharField(max_length=255, blank=True, help_text="Normalised: lower case, without www.")
    industry = models.CharField(max_length=128, blank=True)
    employees = models.PositiveIntegerField(null=True, blank=True)
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2.")
    currency = models.CharField(max_length=3, blank=True, help_text="ISO 4217.")
    lifecycle = models.CharField(max_length=16, choices=Lifecycle, default=Lifecycle.TARGET)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="divisions")
    billing_parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="billed_accounts"
    )
    workspace_ids = ArrayField(models.CharField(max_length=255), default=list, db_default=[], blank=True)
    owner_email = models.CharField(max_length=254, blank=True, help_text="Account owner, in lower case.")
    sponsor_email = models.CharField(max_length=254, blank=True, help_text="Our executive sponsor.")
    tier = models.ForeignKey(
        Tier, models.PROTECT, null=True, blank=True, related_name="+", help_text="The tier the CRM holds."
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="accounts_account_lifecycle_known", condition=Q(lifecycle__in=Lifecycle.values)
            ),
            models.CheckConstraint(
                name="accounts_account_not_own_parent",
                condition=~Q(parent=F("id")) & ~Q(billing_parent=F("id")),
            ),
            models.CheckConstraint(name="accounts_account_named", condition=~Q(name="")),
        )
        indexes = (
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="accounts_account_name_trgm"),
            models.Index(name="accounts_account_by_name", fields=("name", "id")),
            models.Index(name="accounts_account_by_domain", fields=("domain",), condition=~Q(domain="")),
            models.Index(name="accounts_account_by_owner", fields=("owner_email",)),
            GinIndex(fields=("workspace_ids",), name="accounts_account_workspaces", fastupdate=False),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self, lens: str | None = None) -> str:
        """Return the account's page, in ``lens`` where one is given."""
        url = reverse("accounts:detail", args=[self.pk])
        return f"{url}?lens={lens}" if lens else url


class HealthBand(models.TextChoices):
    RED = "red", "Red"
    AMBER = "amber", "Amber"
    GREEN = "green", "Green"
    UNKNOWN = "unknown", "Insufficient data"


class Standing(models.Model):
    """An account's headline figures today; the nightly refresh owns them.

    Narrow and apart from the account: these change daily and every one is sorted by.
    Money is in the reporting currency.
    """

    # Made from the account's own row in the transaction that creates it; checking each again took 50 ms of 10,000.
    account = models.OneToOneField(
        Account, models.CASCADE, primary_key=True, related_name="standing", db_constraint=False
    )
    # A copy of the newest tenure, by whoever writes tenures; checking it again would only cost.
    tier = models.ForeignKey(
        Tier, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    mrr = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    arr = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    nrr = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, help_text="Ratio; 1 is 100 %. Null: not defined."
    )
    health = models.DecimalField(max_digits=5, decimal_places=1, null=True, help_text="0 to 100.")
    health_band = models.CharField(max_length=8, choices=HealthBand, default=HealthBand.UNKNOWN)
    health_change = models.DecimalField(
        max_digits=5, decimal_places=1, null=True, help_text="Points against 30 days before."
    )
    renewal_on = models.DateField(null=True)
    open_tickets = models.IntegerField(null=True)
    usage_events = models.BigIntegerField(null=True, help_text="Events of the last 30 days.")
    usage_trend = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, help_text="Last 30 days against the account's own norm."
    )
    last_touch_on = models.DateField(null=True)
    fit_score = models.DecimalField(max_digits=5, decimal_places=2, null=True, help_text="0 to 100.")
    engagement_score = models.DecimalField(max_digits=5, decimal_places=2, null=True, help_text="0 to 100.")
    intent_score = models.DecimalField(max_digits=5, decimal_places=2, null=True, help_text="0 to 100.")
    balance = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    overdue = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    as_of = models.DateField(null=True)
    updated_at = models.DateTimeField(null=True)

    class Meta:
        indexes = tuple(
            models.Index(
                F(column).desc(nulls_last=True),
                F("account_id").desc(),
                name=f"accounts_standing_{column[:12]}",
            )
            for column in [
                "tier_id",
                "arr",
                "nrr",
                "health",
                "health_change",
                "renewal_on",
                "open_tickets",
                "usage_trend",
                "last_touch_on",
                "fit_score",
                "engagement_score",
                "intent_score",
                "balance",
                "overdue",
            ]
        )

    def __str__(self) -> str:
        return f"Standing of account {self.account_id}"


class TierTenure(models.Model):
    """The time an account spent in a tier; ``during`` has no start where it began before we knew.

    ``reason`` says in words what put it there; ``rule_set``, ``rule`` and ``override`` name it, ``by`` who decided.
    """

    class Cause(models.TextChoices):
        IMPORT = "import", "Imported from the CRM"
        RULE = "rule", "Tier rules"
        OVERRIDE = "override", "Override"
        MANUAL = "manual", "Moved by hand"

    account = models.ForeignKey(Account, models.CASCADE, related_name="tier_tenures")
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="+")
    during = DateRangeField()
    cause = models.CharField(max_length=16, choices=Cause)
    reason = models.CharField(max_length=512, blank=True, db_default="")
    rule_set = models.ForeignKey("tiers.RuleSet", models.PROTECT, null=True, related_name="+", db_index=False)
    rule = models.ForeignKey("tiers.TierRule", models.PROTECT, null=True, related_name="+", db_index=False)
    override = models.ForeignKey(
        "tiers.TierOverride", models.SET_NULL, null=True, related_name="+", db_index=False
    )
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            ExclusionConstraint(
                name="accounts_tiertenure_no_overlap",
                expressions=(("account", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)),
            ),
        )
        indexes = (models.Index(name="accounts_tenure_newest", fields=("-recorded_at",)),)

    def __str__(self) -> str:
        return f"{self.tier_id} during {self.during}"


class ContactRole(models.TextChoices):
    ECONOMIC_BUYER = "economic_buyer", "Economic buyer"
    CHAMPION = "champion", "Champion"
    TECHNICAL_EVALUATOR = "technical_evaluator", "Technical evaluator"
    EXECUTIVE_SPONSOR = "executive_sponsor", "Executive sponsor"
    LEGAL = "legal", "Legal"
    USER = "user", "User"
    BLOCKER = "blocker", "Blocker"


class Contact(SyncedModel):
    """A person at the customer; the CRM owns the record."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=255)
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=64, blank=True)
    title = models.CharField(max_length=255, blank=True)
    role = models.CharField(max_length=32, choices=ContactRole, blank=True)
    is_active = models.BooleanField(default=True, db_default=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = ContactQuerySet.as_manager()

    class Meta:
        indexes = (
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="accounts_contact_name_trgm"),
            models.Index(name="accounts_contact_by_email", fields=("email",), condition=~Q(email="")),
        )

    def __str__(self) -> str:
        return self.name


class TimelineEvent(models.Model):
    """Something that happened to an account, told in one line, for every function's eyes.

    Written set-based beside the record it tells of; ``kind`` and ``subject_id`` name that record, so
    that a repeat replaces the line instead of adding one.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="timeline", db_index=False)
    kind = models.CharField(max_length=64, help_text="Key such as support.ticket_opened.")
    category = models.CharField(max_length=32, choices=FED_CHOICES)
    happened_at = models.DateTimeField()
    title = models.CharField(max_length=512)
    subject_id = models.BigIntegerField()

    objects = TimelineEventQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="accounts_timelineevent_one", fields=("kind", "subject_id")),
        )
        indexes = (models.Index(name="accounts_timeline_newest", fields=("account", "-happened_at", "-id")),)

    def __str__(self) -> str:
        return self.title


__all__ = [
    "Account",
    "AccountMerge",
    "AccountName",
    "Contact",
    "ContactRole",
    "DuplicatePair",
    "DuplicateSearch",
    "HealthBand",
    "Lifecycle",
    "ListChange",
    "ListMembership",
    "ListPick",
    "ListRule",
    "ListSignature",
    "MergedRow",
    "SavedView",
    "SharedDomain",
    "Standing",
    "TargetList",
    "Tier",
    "TierTenure",
    "TimelineEvent",
    "ViewDefault",
]
