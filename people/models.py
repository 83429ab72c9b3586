"""Who works with the accounts, and what each function may read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar
from zoneinfo import available_timezones

import pghistory
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from people.absences.models import Absence
from people.approvals.models import ApprovalComment, ApprovalDelegation, ApprovalRequest, ApprovalStep
from people.functions import Function
from people.notices.models import Notice, NoticeChannel, NoticePreference
from people.skills.models import PersonSkill, Skill, SkillKind


class Category(models.TextChoices):
    """The kinds of data that access is granted by: eight about an account that sources feed, and what people cost."""

    ACCOUNT_PROFILE = "account_profile", "Account profile"
    REVENUE = "revenue", "Revenue"
    PRODUCT_USAGE = "product_usage", "Product usage"
    SUPPORT_HISTORY = "support_history", "Support history"
    ENGAGEMENT = "engagement", "Engagement"
    FINANCIAL_HEALTH = "financial_health", "Financial health"
    CONTRACTS = "contracts", "Contracts"
    ACCOUNT_TEAM = "account_team", "Account team"
    COST_RATES = "cost_rates", "Cost rates"


# What people cost is entered here and fed by no source; who reads it is fixed, and RevOps is not among them (DOMAIN.md,
# functions and what each may see).
RESERVED: Mapping[str, tuple[Function, ...]] = {
    Category.COST_RATES: (Function.FINANCE, Function.PEOPLE, Function.LEADERSHIP)
}
# What sources feed: fresh or late, and asked of by conditions.
FED: tuple[Category, ...] = tuple(category for category in Category if category not in RESERVED)
FED_CHOICES = [(category.value, category.label) for category in FED]


class Level(models.TextChoices):
    """How much of a category a function reads."""

    NONE = "none", "Nothing"
    TOTALS = "totals", "Totals only"
    FULL = "full", "Everything"


@cache
def known_time_zones() -> frozenset[str]:
    """Return the names of the time zone database; it takes tens of milliseconds to read, so once."""
    return frozenset(available_timezones())


def check_time_zone(value: str) -> None:
    """Refuse a name that the time zone database does not hold."""
    if value not in known_time_zones():
        raise ValidationError(f"{value!r} is not a time zone; use a name such as Europe/Berlin.")


class UserManager(BaseUserManager["User"]):
    """Users by e-mail address, which is kept in lower case."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").lower())


HISTORY_OF_USER = ["email", "name", "function", "title", "time_zone", "is_active"]


@pghistory.track(
    fields=HISTORY_OF_USER, model_name="UserEvent", obj_field=pghistory.ObjForeignKey(related_name="events")
)
class User(AbstractUser):
    """A person who signs in; owned here until an HRIS is connected.

    The history leaves out the password and what changes at each sign-in.
    """

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField("e-mail", unique=True)
    name = models.CharField(max_length=150)
    function = models.CharField(max_length=32, choices=Function)
    title = models.CharField(max_length=150, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[check_time_zone])

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name", "function"]

    objects = UserManager()  # type: ignore[assignment,misc]

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="people_user_email_lower_case", condition=models.Q(email=Lower("email"))
            ),
            models.CheckConstraint(
                name="people_user_function_known", condition=models.Q(function__in=Function.values)
            ),
        )

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ", 1)[0]

    @property
    def initials(self) -> str:
        """Return at most two letters for an avatar."""
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


@pghistory.track()
class AccessGrant(models.Model):
    """How much of one data category one function reads; RevOps owns it.

    Every pair has a row (a migration writes the defaults). A missing row reads as nothing, so a gap
    never opens a door. Who reads cost rates is fixed, and so is that RevOps and leadership read all else.
    """

    function = models.CharField(max_length=32, choices=Function)
    category = models.CharField(max_length=32, choices=Category)
    level = models.CharField(max_length=8, choices=Level, default=Level.NONE)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="people_accessgrant_pair", fields=("function", "category")),
            models.CheckConstraint(
                name="people_accessgrant_level_known", condition=models.Q(level__in=Level.values)
            ),
            models.CheckConstraint(
                name="people_accessgrant_readers_of_everything",
                condition=~models.Q(function__in=(Function.REVOPS, Function.LEADERSHIP))
                | models.Q(category=Category.COST_RATES)
                | models.Q(level=Level.FULL),
            ),
            models.CheckConstraint(
                name="people_accessgrant_cost_rates_reserved",
                condition=~models.Q(category=Category.COST_RATES)
                | models.Q(function__in=RESERVED[Category.COST_RATES], level=Level.FULL)
                | (~models.Q(function__in=RESERVED[Category.COST_RATES]) & models.Q(level=Level.NONE)),
            ),
        )

    def __str__(self) -> str:
        return (
            f"{self.get_function_display()} reads {self.get_category_display()}: {self.get_level_display()}"
        )


def default_level(function: str, category: str) -> Level:
    """Return the level that DOMAIN's access matrix gives before RevOps changes it."""
    if category in RESERVED:
        return Level.FULL if function in RESERVED[category] else Level.NONE
    if function in (Function.REVOPS, Function.LEADERSHIP):
        return Level.FULL
    return DEFAULT_READERS[Category(category)].get(Function(function), Level.NONE)


def _full(*functions: Function) -> dict[Function, Level]:
    return dict.fromkeys(functions, Level.FULL)


F = Function
DEFAULT_READERS: dict[Category, dict[Function, Level]] = {
    Category.ACCOUNT_PROFILE: _full(*Function),
    Category.REVENUE: {**_full(F.FINANCE), F.SALES: Level.TOTALS, F.CUSTOMER_SUCCESS: Level.TOTALS},
    Category.PRODUCT_USAGE: _full(F.PRODUCT, F.ENGINEERING, F.CUSTOMER_SUCCESS, F.SALES),
    Category.SUPPORT_HISTORY: _full(F.SUPPORT, F.CUSTOMER_SUCCESS, F.PRODUCT, F.ENGINEERING),
    Category.ENGAGEMENT: _full(F.MARKETING, F.SALES, F.CUSTOMER_SUCCESS),
    Category.FINANCIAL_HEALTH: _full(F.FINANCE, F.CUSTOMER_SUCCESS, F.SALES),
    Category.CONTRACTS: _full(F.LEGAL, F.SALES, F.CUSTOMER_SUCCESS, F.FINANCE),
    Category.ACCOUNT_TEAM: _full(*Function),
}


def default_grants() -> list[dict[str, Any]]:
    """Return the fields of every default grant, for the migration and for a reset."""
    return [
        {
            "function": function.value,
            "category": category.value,
            "level": default_level(function, category).value,
        }
        for function in Function
        for category in Category
    ]


__all__ = [
    "Absence",
    "AccessGrant",
    "ApprovalComment",
    "ApprovalDelegation",
    "ApprovalRequest",
    "ApprovalStep",
    "Category",
    "Level",
    "Notice",
    "NoticeChannel",
    "NoticePreference",
    "PersonSkill",
    "Skill",
    "SkillKind",
    "User",
    "default_grants",
    "default_level",
]
