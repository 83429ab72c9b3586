from django.db import migrations

# Merges used to write the joined list into each record's claim. The claims of the records are joined by now, so each
# gets back its own list where nothing newer has been sent; the accounts hold the same items as before.
OWN_LISTS = """
WITH joined AS (
    SELECT
        (kept.pk_values ->> 0)::bigint AS claim_id,
        (array_agg(kept.old ORDER BY kept.id))[1] AS own,
        (array_agg(kept.new ORDER BY kept.id DESC))[1] AS whole
    FROM accounts_mergedrow AS kept
    JOIN accounts_accountmerge AS merge ON merge.id = kept.merge_id
    WHERE merge.unmerged_at IS NULL
        AND kept.model = 'sync.FieldClaim'
        AND kept."column" = 'value'
        AND jsonb_typeof(kept.new) = 'array'
    GROUP BY 1
)
UPDATE sync_fieldclaim AS claim
SET value = joined.own
FROM joined
WHERE claim.id = joined.claim_id AND claim.value = joined.whole
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_account_names"),
        ("sync", "0014_words_before_and_settling"),
    ]

    operations = [migrations.RunSQL(OWN_LISTS, migrations.RunSQL.noop)]
