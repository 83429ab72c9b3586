"""Keep no list of workspaces that are still to be indexed: each look-up would read it through, and calls make many."""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations

NAME = "accounts_account_workspaces"


class Migration(migrations.Migration):
    atomic = False  # a list that is emptied must not wait for other changes

    dependencies = [("accounts", "0006_duplicate_search")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"ALTER INDEX {NAME} SET (fastupdate = off)", f"ALTER INDEX {NAME} RESET (fastupdate)"
                ),
                migrations.RunSQL(f"SELECT gin_clean_pending_list('{NAME}')", migrations.RunSQL.noop),
            ],
            state_operations=[
                migrations.RemoveIndex("account", NAME),
                migrations.AddIndex(
                    "account", GinIndex(fields=["workspace_ids"], name=NAME, fastupdate=False)
                ),
            ],
        ),
    ]
