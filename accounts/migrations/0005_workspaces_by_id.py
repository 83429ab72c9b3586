"""Find the account of a workspace at once: every call of a tracking client asks for it."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0004_shared_domains")]
    operations = [
        AddIndexConcurrently(
            "account", GinIndex(fields=["workspace_ids"], name="accounts_account_workspaces")
        ),
    ]
