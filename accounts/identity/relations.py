"""Everything that points to an account, and what a merge does with it.

Records that sources send move to the winner by themselves. Any other model says in ``<app>/merging.py`` whether
its rows move or stay; one that doesn't fails the system check, so that no row is ever left behind by oversight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import pghistory.models
from django.apps import AppConfig, apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.core.checks import CheckMessage, Error
from django.db import models

from common.registry import Registry
from sync.models import StreamModel, SyncedModel

WORDS = {"sync.Link": "records of sources", "sync.Pin": "pinned values"}
OBJECT_FIELDS = {"resource", "object_id"}
HINT = "Say in {app}/merging.py: moves({model}) or stays({model}, 'why'); import both from accounts.identity.relations."


@dataclass(frozen=True, slots=True)
class Following:
    """What rows that stay set off in the transaction of a merge, and of one that is taken back.

    Both are called with the ids of the winner and the loser: ``hold`` before their rows are locked, to lock what
    ``follow`` will write, so that whoever holds that and waits for an account isn't waited for; ``follow`` once the
    accounts are what they will be.
    """

    hold: Callable[[int, int], None]
    follow: Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a merge does with the rows of a model, and in a sentence for people why they stay."""

    key: str
    model: type[models.Model]
    is_moved: bool
    why: str
    following: Following | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """One column that holds an account's id; ``by_resource`` where it holds that of any kind of object."""

    model: type[models.Model]
    column: str
    name: str
    is_moved: bool
    why: str
    by_resource: bool

    @property
    def label(self) -> str:
        """The model's label, such as support.Ticket."""
        return self.model._meta.label

    @property
    def plural(self) -> str:
        """The model's rows in words."""
        return WORDS.get(self.label) or str(self.model._meta.verbose_name_plural)

    @property
    def pk_names(self) -> list[str]:
        """The columns of the primary key."""
        return [str(field.column) for field in self.model._meta.pk_fields]

    @property
    def pk_types(self) -> list[str]:
        """The database types of these columns."""
        from django.db import connection

        return [str(field.rel_db_type(connection)) for field in self.model._meta.pk_fields]

    def rows_of(self, account_id: int) -> models.QuerySet[Any, Any]:
        """Return the rows that point to an account."""
        rows: models.QuerySet[Any, Any] = self.model._base_manager.filter(**{self.name: account_id})  # noqa: SLF001 - Django documents it
        return rows.filter(resource="accounts") if self.by_resource else rows


merging: Registry[Declaration] = Registry("merge declaration", "merging")


def moves(model: type[models.Model]) -> None:
    """Declare that a merge moves the rows of ``model`` to the winner."""
    merging.register(Declaration(model._meta.label, model, is_moved=True, why=""))


def stays(model: type[models.Model], why: str, following: Following | None = None) -> None:
    """Declare that a merge leaves the rows of ``model`` with the loser; ``why`` is shown to people."""
    merging.register(Declaration(model._meta.label, model, is_moved=False, why=why, following=following))


def followings() -> list[Following]:
    """Return what merges set off, by model."""
    return [
        said.following for said in sorted(merging, key=lambda said: said.key) if said.following is not None
    ]


@cache
def relations() -> tuple[Relation, ...]:
    """Return every column that points to an account and is not the account's own, by label."""
    found = [
        Relation(model, str(field.column), field.attname, said.is_moved, said.why, by_resource)
        for model, field, by_resource in _pointing()
        if (said := _declared(model)) is not None
    ]
    return tuple(sorted(found, key=lambda item: (item.label, item.column)))


def moving() -> list[Relation]:
    """Return the relations whose rows move."""
    return [item for item in relations() if item.is_moved]


def staying() -> list[Relation]:
    """Return the relations whose rows stay."""
    return [item for item in relations() if not item.is_moved]


def own_links() -> list[models.ForeignKey[Any, Any]]:
    """Return the fields by which accounts point to accounts."""
    account = apps.get_app_config("accounts").get_model("Account")
    return [
        cast("models.ForeignKey[Any, Any]", field)
        for field in account._meta.concrete_fields
        if _points_to(field, account)
    ]


def check_merging(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """Report models that point to accounts without saying what a merge does with them."""
    found: list[CheckMessage] = list(merging.check_duplicates())
    pointing = list(_pointing())
    for model, field, _ in pointing:
        said = _declared(model)
        if said is None:
            app, name = model._meta.label.split(".")
            found.append(
                Error(
                    f"{model._meta.label}.{field.name} points to accounts, but nothing says what a merge of two "
                    "accounts does with its rows.",
                    hint=HINT.format(app=app, model=name),
                    obj=model,
                    id="merging.E003",
                )
            )
        elif said.is_moved and _cannot_move(model, field):
            found.append(
                Error(
                    f"{model._meta.label} can't move: {field.name} is part of its key or of an exclusion.",
                    hint="Let its rows stay and be made anew, or give it a key of its own.",
                    obj=model,
                    id="merging.E004",
                )
            )
    known = {model for model, _, _ in pointing}
    return found + [
        Error(
            f"{item.key} is declared for merges but points to no account.", obj=item.model, id="merging.E005"
        )
        for item in merging
        if item.model not in known
    ]


def _pointing() -> Iterator[tuple[type[models.Model], models.Field[Any, Any], bool]]:
    account = apps.get_app_config("accounts").get_model("Account")
    for model in apps.get_models(include_auto_created=True):
        if model is account or model._meta.proxy or not model._meta.managed:
            continue
        names = {field.name for field in model._meta.concrete_fields}
        for field in model._meta.concrete_fields:
            if _points_to(field, account):
                yield model, field, False
            elif field.name == "object_id" and names >= OBJECT_FIELDS:
                yield model, field, True


def _points_to(field: models.Field[Any, Any], account: type[models.Model]) -> bool:
    return field.remote_field is not None and field.related_model is account


def _declared(model: type[models.Model]) -> Declaration | None:
    said = merging.get(model._meta.label)
    if said is not None:
        return said
    if issubclass(model, SyncedModel | StreamModel):
        return Declaration(model._meta.label, model, is_moved=True, why="")
    if issubclass(model, pghistory.models.Event):
        return Declaration(model._meta.label, model, is_moved=False, why="History tells what was.")
    return None


def _cannot_move(model: type[models.Model], field: models.Field[Any, Any]) -> bool:
    in_exclusion = any(
        str(getattr(expression, "name", expression)) in {field.name, field.attname}
        for constraint in model._meta.constraints
        if isinstance(constraint, ExclusionConstraint)
        for expression, _ in constraint.expressions
    )
    return in_exclusion or field in model._meta.pk_fields
