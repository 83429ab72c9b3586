"""What is known of accounts that may be one company, and the journal of those that were made one."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.identity.querysets import AccountMergeQuerySet, DuplicatePairQuerySet


@pghistory.track(pghistory.InsertEvent(), pghistory.DeleteEvent())
class SharedDomain(models.Model):
    """A web or mail domain that many companies use, so that having it in common says nothing.

    RevOps owns the list; it was begun with the well-known public mail providers.
    """

    domain = models.CharField(max_length=255, unique=True, help_text="Normalised: lower case, without www.")
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("domain",)
        constraints = (models.CheckConstraint(name="accounts_shareddomain_named", condition=~Q(domain="")),)

    def __str__(self) -> str:
        return self.domain


class AccountName(models.Model):
    """An account's name as names are compared: without legal form, case, accents and punctuation.

    The search for duplicates brings it up to date before it compares; an index on the accounts themselves would
    cost every batch.
    """

    account = models.OneToOneField("accounts.Account", models.CASCADE, primary_key=True, related_name="+")
    key = models.CharField(max_length=255)

    class Meta:
        # Without a list of pending entries, which every look-up of the search that follows would read whole.
        indexes = (
            GinIndex(OpClass("key", name="gin_trgm_ops"), name="accounts_accountname_trgm", fastupdate=False),
        )

    def __str__(self) -> str:
        return self.key


class DuplicatePair(models.Model):
    """Two accounts that look like one company, with what speaks for it; the finder owns the evidence.

    ``evidence`` is a list of ``{signal, points, text}``, strongest first; ``score`` is their sum, 0 to 100.
    A pair that a person found to be no duplicate is kept, and never offered again until that is undone.
    """

    low = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+")
    high = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+")
    score = models.PositiveSmallIntegerField()
    evidence = models.JSONField(default=list)
    found_at = models.DateTimeField(db_default=Now())
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=500, blank=True, help_text="Why it is no duplicate.")

    objects = DuplicatePairQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="accounts_duplicatepair_one", fields=("low", "high")),
            models.CheckConstraint(name="accounts_duplicatepair_ordered", condition=Q(low__lt=F("high"))),
            models.CheckConstraint(
                name="accounts_duplicatepair_score", condition=Q(score__gte=0, score__lte=100)
            ),
        )
        indexes = (
            models.Index(
                name="accounts_duplicatepair_queue",
                fields=("-score", "-id"),
                condition=Q(dismissed_at=None),
            ),
        )

    def __str__(self) -> str:
        return f"{self.low_id} and {self.high_id}: {self.score}"


class DuplicateSearch(models.Model):
    """One search for duplicates: what it looked at and how long it took."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    is_full = models.BooleanField(help_text="It looked at every account, not only at what changed.")
    accounts = models.IntegerField(help_text="Accounts looked at.")
    pairs = models.IntegerField(help_text="Pairs waiting when it was done.")

    def __str__(self) -> str:
        return f"Search of {self.started_at}"

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.finished_at - self.started_at).total_seconds()


class AccountMerge(models.Model):
    """Two accounts made one: who did it, what was chosen, what moved, and whether it was taken back.

    ``choices`` says for each field whose value stayed. ``counts`` is the rows that moved, by model.
    ``watermarks`` is the last number given out by each moved table at that time, so that rows which came
    later can be told. ``report`` is what taking it back could not restore, and why.
    """

    winner = models.ForeignKey("accounts.Account", models.PROTECT, related_name="+")
    loser = models.ForeignKey("accounts.Account", models.PROTECT, related_name="+")
    merged_at = models.DateTimeField(db_default=Now())
    merged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    client = models.ForeignKey("sync.Client", models.PROTECT, null=True, related_name="+")
    choices = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    watermarks = models.JSONField(default=dict)
    unmerged_at = models.DateTimeField(null=True)
    unmerged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    unmerge_client = models.ForeignKey("sync.Client", models.PROTECT, null=True, related_name="+")
    report = models.JSONField(default=list)

    objects = AccountMergeQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="accounts_accountmerge_loses_once", fields=("loser",), condition=Q(unmerged_at=None)
            ),
            models.CheckConstraint(
                name="accounts_accountmerge_two_accounts", condition=~Q(winner=F("loser"))
            ),
        )
        indexes = (models.Index(name="accounts_accountmerge_newest", fields=("-merged_at", "-id")),)

    def __str__(self) -> str:
        return f"{self.loser_id} merged into {self.winner_id}"


class MergedRow(models.Model):
    """One value that a merge wrote: what the column held before and what it was given.

    ``pk_values`` holds the row's primary key, column by column. The winner's own values and the loser's
    tombstone are kept by the field's name (``parent``, ``custom.<key>``), rows that point to the loser by their
    column. Never changed but where an earlier merge is taken back ahead of a later one: then the later one's
    ``old`` value is what the earlier one had found.
    """

    merge = models.ForeignKey(AccountMerge, models.CASCADE, related_name="rows", db_index=False)
    model = models.CharField(max_length=64, help_text="Label such as support.Ticket.")
    pk_values = models.JSONField()
    column = models.CharField(max_length=64)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)

    class Meta:
        indexes = (models.Index(name="accounts_mergedrow_of_merge", fields=("merge", "model", "column")),)

    def __str__(self) -> str:
        return f"{self.model} {self.pk_values}: {self.column}"
