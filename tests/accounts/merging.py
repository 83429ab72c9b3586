"""Two accounts with something of everything, and the whole database as it stands, for tests of merges."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import msgspec
from django.apps import apps
from django.contrib.postgres.fields import ArrayField, DateRangeField, DateTimeRangeField
from django.db import connection, models
from psycopg import sql
from psycopg.types.range import DateRange, TimestamptzRange

from accounts.identity.relations import Relation, relations
from accounts.lists.models import ListChange, TargetList
from accounts.models import Account
from finance.models import Invoice
from sync.models import Link, StreamModel
from tests.sync.conftest import Api, make_api

# The journal itself, the log that is only ever added to, and queues of what is to be made anew.
ASIDE = {
    "accounts_accountmerge",
    "accounts_mergedrow",
    "sync_change",
    "sync_redirect",
    "finance_revenuetorecompute",
    "product_usagedaytorecompute",
}
# Versions of lists tell what happened, a merge and its end included, and so does what others are told of them.
TOLD = {
    "accounts_listchange",
    "accounts_listmembership",
    "accounts_targetlist",
    "sync_outboxevent",
}
_numbers = count(1)

Snapshot = dict[str, dict[str, Any]]


def snapshot() -> Snapshot:
    """Return every row of every table by its whole primary key, but for what stands aside."""
    found: Snapshot = {}
    tables = set(connection.introspection.table_names())
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        if table in tables - ASIDE - TOLD:
            found[table] = rows_of(model)
    return found


def rows_of(model: type[models.Model]) -> dict[str, Any]:
    """Return the rows of one table as JSON.

    A stream's place in the feed moves on with every change. A link's digest is forgotten, so that its source's
    next word is compared in full.
    """
    pk = sql.SQL(", ").join(sql.Identifier(str(field.column)) for field in model._meta.pk_fields)
    aside = {"sync_link": ["digest"]}.get(model._meta.db_table, [])
    without = sql.Literal(["xid"] if issubclass(model, StreamModel) else aside)
    query = sql.SQL("SELECT jsonb_build_array({})::text, to_jsonb(t) - {}::text[] FROM {} AS t").format(
        pk, without, sql.Identifier(model._meta.db_table)
    )
    with connection.cursor() as cursor:
        cursor.execute(query.as_string(connection.connection))
        return {key: msgspec.json.decode(row) for key, row in cursor.fetchall()}


def difference(before: Snapshot, after: Snapshot) -> dict[str, Any]:
    """Return what differs, by table and row."""
    found: dict[str, Any] = {}
    for table in before.keys() | after.keys():
        held, now = before.get(table, {}), after.get(table, {})
        changed = {
            key: (held.get(key), now.get(key))
            for key in held.keys() | now.keys()
            if held.get(key) != now.get(key)
        }
        if changed:
            found[table] = changed
    return found


def make_company(api: Api, key: str, **fields: Any) -> Account:
    """Create an account through the API, with children of every resource that refers to accounts."""
    api.bulk(
        "accounts",
        [
            {
                "external_id": key,
                "name": f"Company {key}",
                "source_updated_at": "2026-11-01T00:00:00Z",
                **fields,
            }
        ],
    )
    account = account_of(api, key)
    moment = datetime(2026, 11, 2, 9, tzinfo=UTC)
    day = date(2026, 1, 1)
    own = {"account": key}
    api.bulk(
        "contacts",
        [
            own
            | {"external_id": f"{key}-c{n}", "name": f"Person {n}", "email": f"p{n}@{key.lower()}.example"}
            for n in range(3)
        ],
    )
    api.bulk("contracts", [own | {"external_id": f"{key}-k", "start_on": day, "currency": "USD"}])
    line = {"product": "Plan", "start_on": day, "amount": 1200, "billing_period": "year"}
    api.bulk("contract-lines", [line | {"external_id": f"{key}-l", "contract": f"{key}-k"}])
    ticket = {"subject": "Question", "priority": "normal", "status": "open", "opened_at": moment}
    api.bulk("tickets", [own | ticket | {"external_id": f"{key}-t{n}"} for n in range(2)])
    change = {"kind": "status", "value": "open", "occurred_at": moment, "ticket": f"{key}-t0"}
    api.bulk("ticket-events", [change | {"external_id": f"{key}-te"}])
    asked = {"asked_at": moment}
    rated = asked | {"rating": 2, "ticket": f"{key}-t1"}
    api.bulk("csat-responses", [rated | {"external_id": f"{key}-cs"}])
    scored = asked | {"score": 3, "respondent": f"{key}-c1"}
    api.bulk("nps-responses", [own | scored | {"external_id": f"{key}-np"}])
    touch = {"kind": "call", "occurred_at": moment, "contact": f"{key}-c0"}
    api.bulk("engagements", [own | touch | {"external_id": f"{key}-e"}])
    deal = {"name": "More seats", "kind": "expansion", "contacts": [f"{key}-c1", f"{key}-c0"]}
    api.bulk("opportunities", [own | deal | {"external_id": f"{key}-o"}])
    use = {"event": "used", "user": "u1", "feature": "f1"}
    api.bulk(
        "usage-events",
        [
            own | use | {"external_id": f"{key}-u{n}", "occurred_at": moment + timedelta(days=n)}
            for n in range(3)
        ],
    )
    return account


def account_of(api: Api, key: str, source: str = "salesforce") -> Account:
    """Return the account that a source's id stands for."""
    link = Link.objects.get(resource="accounts", source__slug=source, external_id=key)
    return Account.objects.get(pk=link.object_id)


def fill_every_relation(account: Account) -> None:
    """Give an account at least one row of every model that points to accounts."""
    for relation in relations():
        if relation.model._meta.db_table not in ASIDE and not relation.rows_of(account.pk).exists():
            make_row(relation, account)


def make_row(relation: Relation, account: Account) -> models.Model:
    """Create a row of any model, with values made up by type, that points to an account."""
    given: dict[str, Any] = {relation.name: account.pk}
    if relation.by_resource:
        given["resource"] = "accounts"
    if relation.label == "accounts.DuplicatePair":
        other = Account.objects.create(name=f"Other {next(_numbers)}")
        given = {"low_id": min(account.pk, other.pk), "high_id": max(account.pk, other.pk)}
    if relation.label == "tiers.TierOverride":
        given["ends_on"] = date(2027, 1, 1)
    if relation.label == "metrics.AccountSentiment":
        given["expires_on"] = date(2027, 1, 1)
    if relation.label == "finance.BillingMilestone":
        given["due_on"] = date(2027, 1, 1)
    if relation.label == "finance.CollectionHold":
        # Of two holds on whole accounts the winner's stays.
        given["invoice_id"] = make(Invoice, account_id=account.pk).pk
    if relation.label == "finance.InvoiceLine":
        given["number"] = next(_numbers)
    if relation.label == "tiers.NearBoundary":
        given["score"] = 60
    if relation.label == "accounts.ListMembership":
        target = make(TargetList, version=1)
        given |= {"list_id": target.pk, "came_with_id": make(ListChange, list_id=target.pk, number=1).pk}
    return make(relation.model, **given)


def make(model: type[models.Model], **given: Any) -> models.Model:
    """Create a row with every column that needs a value."""
    values = dict(given)
    for field in model._meta.concrete_fields:
        if field.attname in values or field.null or field.generated:
            continue
        if isinstance(field, models.AutoField | models.BigAutoField):
            continue
        if field.has_default() or field.db_default is not models.NOT_PROVIDED:
            continue
        values[field.attname] = _value(field)
    return model._base_manager.create(**values)


def _value(field: models.Field[Any, Any]) -> Any:
    if isinstance(field, models.ForeignKey):
        target = field.related_model
        assert isinstance(target, type)
        held = target._base_manager.first()
        return (held or make(target)).pk
    if field.choices:
        return field.choices[0][0]
    if isinstance(field, DateRangeField):
        return DateRange(date(2026, 1, 1), None)
    if isinstance(field, DateTimeRangeField):
        return TimestamptzRange(datetime(2026, 1, 1, tzinfo=UTC), None)
    if isinstance(field, ArrayField):
        return []
    if isinstance(field, models.DateTimeField):
        return datetime(2026, 11, 1, tzinfo=UTC)
    if isinstance(field, models.DateField):
        return date(2026, 11, 1)
    if isinstance(field, models.JSONField):
        return {}
    if isinstance(field, models.BooleanField):
        return False
    if isinstance(field, models.BinaryField):
        return b"0"
    if isinstance(field, models.CharField | models.TextField):
        if field.blank:
            return ""
        text = f"v{next(_numbers)}"
        return text[: field.max_length] if field.max_length else text
    return 1


__all__ = ["Api", "make_api"]
