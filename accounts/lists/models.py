"""Saved views and target lists: who keeps what, which accounts are on a list and who or what put each there."""

from __future__ import annotations

import hashlib

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Upper
from django.urls import reverse

from accounts.lists.querysets import MembershipQuerySet, SavedViewQuerySet, TargetListQuerySet
from accounts.lists.view_pages import ACCOUNTS, page_of
from people.functions import Function
from people.models import User

LONGEST_NAME = 80


class Sharing(models.TextChoices):
    ME = "me", "Just me"
    FUNCTIONS = "functions", "Some functions"
    ALL = "all", "Everybody"


class SavedView(models.Model):
    """What the address of a page says, kept under a name; the owner decides who else sees it.

    ``page`` is that of ``view_pages``, for most the account list. ``params`` holds the address's parameters with their
    texts (filters, search, columns, sort, lens), ``where`` the JSON of its condition. ``version`` rises with every
    change, so that two people don't overwrite each other.
    """

    page = models.CharField(max_length=32, default=ACCOUNTS, db_default=ACCOUNTS)
    name = models.CharField(max_length=LONGEST_NAME)
    owner = models.ForeignKey(User, models.PROTECT, related_name="+")
    sharing = models.CharField(max_length=16, choices=Sharing, default=Sharing.ME)
    functions = ArrayField(
        models.CharField(max_length=32, choices=Function), default=list, db_default=[], blank=True
    )
    params = models.JSONField(default=dict, db_default={})
    where = models.JSONField(null=True, blank=True)
    place = models.PositiveIntegerField(default=0, db_default=0, help_text="Its place among the views.")
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(name="accounts_savedview_named", condition=~Q(name="")),
            models.CheckConstraint(
                name="accounts_savedview_sharing_known", condition=Q(sharing__in=Sharing.values)
            ),
            models.CheckConstraint(
                name="accounts_savedview_shared_with_some",
                condition=~Q(sharing="functions") | Q(functions__len__gt=0),
            ),
            models.UniqueConstraint(
                F("owner"),
                Upper("name"),
                name="accounts_savedview_one_name",
                condition=Q(deleted_at=None),
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return its page as the view shows it."""
        return f"{reverse(page_of(self.page).url_name)}?view={self.pk}"


class ViewDefault(models.Model):
    """The view that the account list opens with: a person's own choice, or one for a function."""

    view = models.ForeignKey(SavedView, models.CASCADE, related_name="defaults")
    user = models.OneToOneField(User, models.CASCADE, null=True, related_name="+")
    function = models.CharField(max_length=32, choices=Function, blank=True, default="")

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="accounts_viewdefault_of_one",
                condition=(Q(user=None) & ~Q(function="")) | Q(user__isnull=False, function=""),
            ),
            models.UniqueConstraint(
                name="accounts_viewdefault_one_a_function", fields=("function",), condition=~Q(function="")
            ),
        )

    def __str__(self) -> str:
        return f"View {self.view_id} of {self.user_id or self.function}"


class TargetList(models.Model):
    """Accounts that are worked on together: put there by hand, or by a condition.

    ``version`` is the number of its newest change. ``needs`` names what a reader must be allowed to read (category and
    level, such as ``revenue:totals``), since who is or was on a list by a condition tells what that reads.
    """

    class Kind(models.TextChoices):
        STATIC = "static", "By hand"
        RULE = "rule", "By condition"

    name = models.CharField(max_length=LONGEST_NAME)
    purpose = models.CharField(max_length=500, blank=True)
    kind = models.CharField(max_length=8, choices=Kind)
    owner = models.ForeignKey(User, models.PROTECT, related_name="+")
    is_shared = models.BooleanField(default=True, db_default=True)
    rule = models.ForeignKey("accounts.ListRule", models.PROTECT, null=True, related_name="+")
    needs = ArrayField(models.CharField(max_length=64), default=list, db_default=[], blank=True)
    version = models.PositiveIntegerField(default=0, db_default=0)
    proposed_at = models.DateTimeField(null=True)
    proposed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    refreshed_at = models.DateTimeField(null=True)
    trouble = models.CharField(
        max_length=500, blank=True, db_default="", help_text="Why it couldn't be refreshed."
    )
    created_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True)

    objects = TargetListQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(name="accounts_targetlist_named", condition=~Q(name="")),
            models.CheckConstraint(
                name="accounts_targetlist_rule_fits_kind",
                condition=Q(kind="static", rule=None) | Q(kind="rule"),
            ),
            models.UniqueConstraint(
                F("owner"), Upper("name"), name="accounts_targetlist_one_name", condition=Q(deleted_at=None)
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the list's page."""
        return reverse("accounts:target_list", args=[self.pk])

    @property
    def details(self) -> str:
        """A digest of its name, what it is for and who sees it, by which a form tells what it began with."""
        told = repr((self.name, self.purpose, self.is_shared))
        return hashlib.sha256(told.encode()).hexdigest()[:16]


class ListRule(models.Model):
    """A condition that put accounts on a list; kept as it was when the next one took its place."""

    list = models.ForeignKey(TargetList, models.CASCADE, related_name="rules")
    number = models.PositiveIntegerField()
    condition = models.JSONField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(name="accounts_listrule_one_number", fields=("list", "number")),
        )

    def __str__(self) -> str:
        return f"Condition {self.number} of list {self.list_id}"


class ListChange(models.Model):
    """A version of a list: who or what changed its members, when, and by how many."""

    class Cause(models.TextChoices):
        CREATED = "created", "List made"
        HAND = "hand", "By hand"
        PASTE = "paste", "Pasted"
        FILE = "file", "From a file"
        SELECTION = "selection", "Chosen on the account list"
        RULE = "rule", "Condition changed"
        REFRESH = "refresh", "Condition asked anew"
        UNDO = "undo", "Taken back"
        FATES = "fates", "Accounts merged, deleted or restored"

    list = models.ForeignKey(TargetList, models.CASCADE, related_name="changes")
    number = models.PositiveIntegerField()
    cause = models.CharField(max_length=16, choices=Cause)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField()
    rule = models.ForeignKey(ListRule, models.PROTECT, null=True, related_name="+", db_index=False)
    undoes = models.OneToOneField("self", models.PROTECT, null=True, related_name="undone_by")
    note = models.CharField(max_length=500, blank=True)
    added = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    members = models.PositiveIntegerField(default=0, help_text="How many are on the list after it.")

    class Meta:
        constraints = (
            models.UniqueConstraint(name="accounts_listchange_one_number", fields=("list", "number")),
        )

    def __str__(self) -> str:
        return f"Change {self.number} of list {self.list_id}"


class ListMembership(models.Model):
    """The time an account spent on a list, with the changes that brought it and took it away."""

    list = models.ForeignKey(TargetList, models.CASCADE, related_name="memberships", db_index=False)
    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="list_memberships")
    during = DateTimeRangeField()
    came_with = models.ForeignKey(ListChange, models.CASCADE, related_name="came")
    left_with = models.ForeignKey(ListChange, models.CASCADE, null=True, related_name="left")

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = (
            ExclusionConstraint(
                name="accounts_listmembership_no_overlap",
                expressions=(
                    ("list", RangeOperators.EQUAL),
                    ("account", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ),
            ),
            models.UniqueConstraint(
                name="accounts_listmembership_one_current",
                fields=("list", "account"),
                condition=Q(left_with=None),
            ),
            models.CheckConstraint(
                name="accounts_listmembership_ends_with_change",
                condition=Q(left_with=None, during__endswith=None)
                | Q(left_with__isnull=False, during__endswith__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"Account {self.account_id} on list {self.list_id}"


class ListFile(models.Model):
    """A file whose rows name accounts for a list; kept for 30 days, so that what named nobody can be mended.

    ``reading`` says how it is read, ``columns`` which of its columns are looked up; the suggested ones where empty.
    ``change`` is what it brought, None as long as it brought nothing.
    """

    name = models.CharField(max_length=255)
    data = models.BinaryField()
    reading = models.JSONField(default=dict)
    columns = ArrayField(models.CharField(max_length=255), default=list, db_default=[], blank=True)
    list = models.ForeignKey(TargetList, models.CASCADE, related_name="files")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now())
    added_at = models.DateTimeField(null=True)
    change = models.ForeignKey(ListChange, models.CASCADE, null=True, related_name="+", db_index=False)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the page that shows what its rows name."""
        return reverse("accounts:list_file", args=[self.list_id, self.pk])


class Side(models.TextChoices):
    SALES = "sales", "Sales"
    MARKETING = "marketing", "Marketing"


class ListSignature(models.Model):
    """What sales or marketing signed for: a list as it was after a change, or its own picks of it.

    The newest of a side counts; earlier ones are kept.
    """

    list = models.ForeignKey(TargetList, models.CASCADE, related_name="signatures")
    side = models.CharField(max_length=16, choices=Side)
    version = models.PositiveIntegerField()
    is_whole = models.BooleanField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=Now())
    note = models.CharField(max_length=500, blank=True)
    ended_at = models.DateTimeField(
        null=True, help_text="When another one took its place or it was withdrawn."
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="accounts_listsignature_one_a_side",
                fields=("list", "side"),
                condition=Q(ended_at=None),
            ),
        )

    def __str__(self) -> str:
        return f"{self.side} on list {self.list_id}"


class ListPick(models.Model):
    """An account that a side wants, where it didn't sign for the whole list."""

    signature = models.ForeignKey(ListSignature, models.CASCADE, related_name="picks", db_index=False)
    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(name="accounts_listpick_once", fields=("signature", "account")),
        )

    def __str__(self) -> str:
        return f"Account {self.account_id}"
