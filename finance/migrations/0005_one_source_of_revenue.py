"""The ledger takes the place of the revenue by month that was rolled up."""

from django.db import migrations

# The ledger begins with the next refresh, for every account that has contracts.
MARK_ALL = """
    INSERT INTO finance_revenuetorecompute (account_id)
    SELECT DISTINCT contract.account_id FROM finance_contract AS contract
    ON CONFLICT (account_id) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("finance", "0004_contract_versions"),
    ]

    operations = [
        migrations.DeleteModel(
            name="MonthlyRevenue",
        ),
        migrations.RunSQL(MARK_ALL, migrations.RunSQL.noop),
    ]
