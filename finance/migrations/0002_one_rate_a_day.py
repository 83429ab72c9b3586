"""One live exchange rate a currency and day; of several, the one that revenue was counted with stays."""

from django.db import migrations, models

# The newest record is the one that was read. The others get a tombstone, as if their source had deleted them.
KEEP_NEWEST = """
    UPDATE finance_exchangerate AS old
    SET deleted_at = now()
    WHERE old.deleted_at IS NULL AND EXISTS (
        SELECT FROM finance_exchangerate AS kept
        WHERE kept.currency = old.currency AND kept."on" = old."on"
            AND kept.deleted_at IS NULL AND kept.id > old.id
    )
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0001_initial")]

    operations = [
        migrations.RunSQL(KEEP_NEWEST, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at", None)),
                fields=("currency", "on"),
                name="finance_exchangerate_one_a_day",
            ),
        ),
    ]
