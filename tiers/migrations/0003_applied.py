import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tiers", "0002_entitlements_and_guide_links"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="ruleset",
            name="update_update",
        ),
        migrations.AddField(
            model_name="ruleset",
            name="applied_at",
            field=models.DateTimeField(
                blank=True, help_text="When every account had been brought up to it.", null=True
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ruleset",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."author_id" IS DISTINCT FROM (NEW."author_id") OR OLD."based_on_id" IS DISTINCT FROM (NEW."based_on_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."demotion_grace_days" IS DISTINCT FROM (NEW."demotion_grace_days") OR OLD."demotions_need_approval" IS DISTINCT FROM (NEW."demotions_need_approval") OR OLD."digest" IS DISTINCT FROM (NEW."digest") OR OLD."ends_on" IS DISTINCT FROM (NEW."ends_on") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."minimum_dwell_days" IS DISTINCT FROM (NEW."minimum_dwell_days") OR OLD."note" IS DISTINCT FROM (NEW."note") OR OLD."published_at" IS DISTINCT FROM (NEW."published_at") OR OLD."published_by_id" IS DISTINCT FROM (NEW."published_by_id") OR OLD."retired_at" IS DISTINCT FROM (NEW."retired_at") OR OLD."retired_by_id" IS DISTINCT FROM (NEW."retired_by_id") OR OLD."starts_on" IS DISTINCT FROM (NEW."starts_on") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."version" IS DISTINCT FROM (NEW."version"))',
                    func='INSERT INTO "tiers_rulesetevent" ("author_id", "based_on_id", "created_at", "demotion_grace_days", "demotions_need_approval", "digest", "ends_on", "id", "kind", "minimum_dwell_days", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published_at", "published_by_id", "retired_at", "retired_by_id", "starts_on", "state", "version") VALUES (NEW."author_id", NEW."based_on_id", NEW."created_at", NEW."demotion_grace_days", NEW."demotions_need_approval", NEW."digest", NEW."ends_on", NEW."id", NEW."kind", NEW."minimum_dwell_days", NEW."note", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."published_at", NEW."published_by_id", NEW."retired_at", NEW."retired_by_id", NEW."starts_on", NEW."state", NEW."version"); RETURN NULL;',
                    hash="7bcfebc8c4254373a020c65ef0a68101349024ff",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_63878",
                    table="tiers_ruleset",
                    when="AFTER",
                ),
            ),
        ),
    ]
