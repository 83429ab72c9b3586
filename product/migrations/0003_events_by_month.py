"""Partition usage events by month without losing a row and without keeping intake waiting.

The table that is there becomes the default partition of a new parent of the same name. What takes time, two
indexes that a partition needs, is built while intake goes on; the swap itself changes only the catalogue and
waits for a moment without readers. Nothing is scanned: a default partition takes any row as long as it is the
only one, and its foreign key is taken over by the parent's.

``product.tasks.keep_usage_months`` then moves the rows into partitions of their months, one month in a
transaction. Where no event has come yet, there is nothing to move and the partitions are made here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.apps.registry import Apps
from django.db import migrations, models, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

PREPARE = (
    "DROP INDEX CONCURRENTLY IF EXISTS product_usageevent_rest_pkey",
    "DROP INDEX CONCURRENTLY IF EXISTS product_usageevent_rest_pair",
    "CREATE UNIQUE INDEX CONCURRENTLY product_usageevent_rest_pkey ON product_usageevent (id, occurred_at)",
    """CREATE UNIQUE INDEX CONCURRENTLY product_usageevent_rest_pair
    ON product_usageevent (source_id, external_id, occurred_at)""",
)
SWAP = """
SET LOCAL lock_timeout = '30s';
LOCK TABLE product_usageevent IN ACCESS EXCLUSIVE MODE;
CREATE TEMP TABLE product_swap ON COMMIT DROP AS SELECT last_value, is_called FROM product_usageevent_id_seq;
ALTER TABLE product_usageevent ALTER COLUMN id DROP IDENTITY;
ALTER TABLE product_usageevent
    DROP CONSTRAINT product_usageevent_pkey,
    DROP CONSTRAINT product_usageevent_pair,
    ADD CONSTRAINT product_usageevent_rest_pkey PRIMARY KEY USING INDEX product_usageevent_rest_pkey,
    ADD CONSTRAINT product_usageevent_rest_pair UNIQUE USING INDEX product_usageevent_rest_pair;
ALTER INDEX product_usageevent_of_account RENAME TO product_usageevent_rest_of_account;
ALTER INDEX product_usageevent_feed RENAME TO product_usageevent_rest_feed;
ALTER TABLE product_usageevent RENAME TO product_usageevent_rest;
CREATE TABLE product_usageevent (LIKE product_usageevent_rest INCLUDING DEFAULTS INCLUDING STORAGE)
    PARTITION BY RANGE (occurred_at);
CREATE SEQUENCE product_usageevent_id_seq AS bigint OWNED BY product_usageevent.id;
SELECT setval('product_usageevent_id_seq', last_value, is_called) FROM product_swap;
ALTER TABLE product_usageevent
    ALTER COLUMN id SET DEFAULT nextval('product_usageevent_id_seq'),
    ADD CONSTRAINT product_usageevent_pkey PRIMARY KEY (id, occurred_at),
    ADD CONSTRAINT product_usageevent_pair UNIQUE (source_id, external_id, occurred_at),
    ADD CONSTRAINT product_usageevent_account_fk FOREIGN KEY (account_id) REFERENCES accounts_account (id)
        DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX product_usageevent_of_account ON product_usageevent (account_id, occurred_at);
CREATE INDEX product_usageevent_feed ON product_usageevent (xid, id);
ALTER TABLE product_usageevent ATTACH PARTITION product_usageevent_rest DEFAULT;
"""
MONTH = "CREATE TABLE {name} PARTITION OF product_usageevent FOR VALUES FROM ('{first}+00') TO ('{after}+00')"
MONTHS_AHEAD = 3


def partition(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Swap the table for a partitioned one; a run that broke off starts over."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute("SELECT relkind = 'p' FROM pg_class WHERE oid = 'product_usageevent'::regclass")
        if cursor.fetchone()[0]:
            return
        for statement in PREPARE:
            cursor.execute(statement)
        with transaction.atomic(using=connection.alias):
            cursor.execute(SWAP)
        cursor.execute("SELECT EXISTS (SELECT FROM product_usageevent)")
        if cursor.fetchone()[0]:
            return
        first = datetime.now(UTC).date().replace(day=1)
        for _ in range(1 + MONTHS_AHEAD):
            after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
            name = f"product_usageevent_{first:%Y_%m}"
            cursor.execute(MONTH.format(name=name, first=first, after=after))
            first = after


class Migration(migrations.Migration):
    atomic = False  # indexes are built beside the intake

    dependencies = [("product", "0002_usage_sums_from_the_index")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(partition)],
            state_operations=[
                migrations.RemoveConstraint("usageevent", "product_usageevent_pair"),
                migrations.AddConstraint(
                    "usageevent",
                    models.UniqueConstraint(
                        fields=("source", "external_id", "occurred_at"), name="product_usageevent_pair"
                    ),
                ),
            ],
        ),
    ]
