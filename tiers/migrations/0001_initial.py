import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0010_lists_of_their_own"),
        ("pghistory", "0007_auto_20250421_0444"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RuleSet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("scheduled", "Scheduled"),
                            ("published", "Published"),
                            ("retired", "Retired"),
                        ],
                        default="draft",
                        max_length=12,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("conditions", "Rules, the first that fits counts"),
                            ("score", "Points with thresholds"),
                        ],
                        default="conditions",
                        max_length=12,
                    ),
                ),
                ("note", models.TextField(blank=True, help_text="What it changes and why, for colleagues.")),
                (
                    "minimum_dwell_days",
                    models.PositiveSmallIntegerField(
                        default=90,
                        help_text="No demotion before so many days in a tier, and no return after a demotion.",
                    ),
                ),
                (
                    "demotion_grace_days",
                    models.PositiveSmallIntegerField(
                        default=30, help_text="A demotion must hold for so many days before it counts."
                    ),
                ),
                ("demotions_need_approval", models.BooleanField(default=False)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("starts_on", models.DateField(blank=True, null=True)),
                ("ends_on", models.DateField(blank=True, null=True)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "based_on",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="tiers.ruleset",
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "retired_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RuleSetEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("version", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("scheduled", "Scheduled"),
                            ("published", "Published"),
                            ("retired", "Retired"),
                        ],
                        default="draft",
                        max_length=12,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("conditions", "Rules, the first that fits counts"),
                            ("score", "Points with thresholds"),
                        ],
                        default="conditions",
                        max_length=12,
                    ),
                ),
                ("note", models.TextField(blank=True, help_text="What it changes and why, for colleagues.")),
                (
                    "minimum_dwell_days",
                    models.PositiveSmallIntegerField(
                        default=90,
                        help_text="No demotion before so many days in a tier, and no return after a demotion.",
                    ),
                ),
                (
                    "demotion_grace_days",
                    models.PositiveSmallIntegerField(
                        default=30, help_text="A demotion must hold for so many days before it counts."
                    ),
                ),
                ("demotions_need_approval", models.BooleanField(default=False)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("starts_on", models.DateField(blank=True, null=True)),
                ("ends_on", models.DateField(blank=True, null=True)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
                (
                    "author",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "based_on",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="tiers.ruleset",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="tiers.ruleset",
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "retired_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="RuleSetRevision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("content", models.JSONField()),
                ("saved_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "rule_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="revisions",
                        to="tiers.ruleset",
                    ),
                ),
                (
                    "saved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-pk",),
            },
        ),
        migrations.CreateModel(
            name="ScorePoint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=128)),
                ("condition", models.JSONField()),
                ("points", models.DecimalField(decimal_places=2, max_digits=8)),
                (
                    "rule_set",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="points",
                        to="tiers.ruleset",
                    ),
                ),
            ],
            options={
                "ordering": ("position",),
            },
        ),
        migrations.CreateModel(
            name="ScoreThreshold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("enter", models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
                ("stay", models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
                (
                    "rule_set",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="thresholds",
                        to="tiers.ruleset",
                    ),
                ),
                (
                    "tier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.tier"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TierOverride",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("reminded_at", models.DateTimeField(blank=True, null=True)),
                ("ended_on", models.DateField(blank=True, null=True)),
                ("end_reason", models.CharField(blank=True, max_length=500)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tier_overrides",
                        to="accounts.account",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.tier"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TierOverrideEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("reason", models.CharField(max_length=500)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("reminded_at", models.DateTimeField(blank=True, null=True)),
                ("ended_on", models.DateField(blank=True, null=True)),
                ("end_reason", models.CharField(blank=True, max_length=500)),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="accounts.account",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="tiers.tieroverride",
                    ),
                ),
                (
                    "tier",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="accounts.tier",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="TierRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(help_text="From 1; the first that fits counts."),
                ),
                ("name", models.CharField(max_length=128)),
                ("condition", models.JSONField()),
                (
                    "rule_set",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rules",
                        to="tiers.ruleset",
                    ),
                ),
                (
                    "tier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.tier"
                    ),
                ),
            ],
            options={
                "ordering": ("position",),
            },
        ),
        migrations.CreateModel(
            name="PendingMove",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="pending_tier",
                        serialize=False,
                        to="accounts.account",
                    ),
                ),
                ("since", models.DateField()),
                ("until", models.DateField(help_text="The first day on which it may happen.")),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("grace", "Waits whether it lasts"),
                            ("dwell", "Moved too recently"),
                            ("approval", "Waits for approval"),
                            ("refused", "Was not approved"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[("approved", "Approved"), ("refused", "Refused")],
                        db_default="",
                        max_length=8,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "from_tier",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tier",
                    ),
                ),
                (
                    "to_tier",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tier",
                    ),
                ),
                (
                    "rule_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tiers.ruleset"
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tiers.tierrule",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="ruleset",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "published")),
                fields=("state",),
                name="tiers_ruleset_one_published",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleset",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "scheduled")),
                fields=("starts_on",),
                name="tiers_ruleset_one_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleset",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ("draft", "scheduled", "published", "retired"))),
                name="tiers_ruleset_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleset",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ("conditions", "score"))), name="tiers_ruleset_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleset",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "draft"), ("starts_on__isnull", False), _connector="OR"),
                name="tiers_ruleset_dated",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleset",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ("draft", "scheduled")), ("published_at__isnull", False), _connector="OR"
                ),
                name="tiers_ruleset_publication_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleset",
            constraint=models.CheckConstraint(
                condition=models.Q(("demotion_grace_days__lte", 3650), ("minimum_dwell_days__lte", 3650)),
                name="tiers_ruleset_waits",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ruleset",
            trigger=pgtrigger.compiler.Trigger(
                name="frozen_once_published",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF OLD.state = 'draft' THEN\n                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n                IF NEW.state = 'retired' THEN RAISE EXCEPTION 'Version % of the tier rules is % and is kept as it is.', OLD.version, OLD.state USING ERRCODE = 'check_violation'; END IF;\n                RETURN NEW;\n            END IF;\n            IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'Version % of the tier rules is % and is kept as it is.', OLD.version, OLD.state USING ERRCODE = 'check_violation'; END IF;\n            IF OLD.state = 'scheduled' THEN\n                IF NEW.state = 'retired' OR (NEW.state <> 'draft' AND ((OLD.version, OLD.kind, OLD.note, OLD.author_id, OLD.minimum_dwell_days, OLD.demotion_grace_days, OLD.demotions_need_approval, OLD.digest) IS DISTINCT FROM (NEW.version, NEW.kind, NEW.note, NEW.author_id, NEW.minimum_dwell_days, NEW.demotion_grace_days, NEW.demotions_need_approval, NEW.digest))) THEN RAISE EXCEPTION 'Version % of the tier rules is % and is kept as it is.', OLD.version, OLD.state USING ERRCODE = 'check_violation'; END IF;\n                RETURN NEW;\n            END IF;\n            IF NEW.state NOT IN (OLD.state, 'retired') OR ((OLD.version, OLD.kind, OLD.note, OLD.author_id, OLD.minimum_dwell_days, OLD.demotion_grace_days, OLD.demotions_need_approval, OLD.digest, OLD.starts_on, OLD.published_at, OLD.published_by_id) IS DISTINCT FROM (NEW.version, NEW.kind, NEW.note, NEW.author_id, NEW.minimum_dwell_days, NEW.demotion_grace_days, NEW.demotions_need_approval, NEW.digest, NEW.starts_on, NEW.published_at, NEW.published_by_id)) THEN RAISE EXCEPTION 'Version % of the tier rules is % and is kept as it is.', OLD.version, OLD.state USING ERRCODE = 'check_violation'; END IF;\n            RETURN NEW;\n        ",
                    hash="496d571be41be6f69a2ee7ce243a858cc808ce40",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_frozen_once_published_f94d9",
                    table="tiers_ruleset",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ruleset",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "tiers_rulesetevent" ("author_id", "based_on_id", "created_at", "demotion_grace_days", "demotions_need_approval", "digest", "ends_on", "id", "kind", "minimum_dwell_days", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published_at", "published_by_id", "retired_at", "retired_by_id", "starts_on", "state", "version") VALUES (NEW."author_id", NEW."based_on_id", NEW."created_at", NEW."demotion_grace_days", NEW."demotions_need_approval", NEW."digest", NEW."ends_on", NEW."id", NEW."kind", NEW."minimum_dwell_days", NEW."note", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."published_at", NEW."published_by_id", NEW."retired_at", NEW."retired_by_id", NEW."starts_on", NEW."state", NEW."version"); RETURN NULL;',
                    hash="5c08959cc3d31cfc223077176f258fc0fccd9d1b",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_121e9",
                    table="tiers_ruleset",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ruleset",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "tiers_rulesetevent" ("author_id", "based_on_id", "created_at", "demotion_grace_days", "demotions_need_approval", "digest", "ends_on", "id", "kind", "minimum_dwell_days", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published_at", "published_by_id", "retired_at", "retired_by_id", "starts_on", "state", "version") VALUES (NEW."author_id", NEW."based_on_id", NEW."created_at", NEW."demotion_grace_days", NEW."demotions_need_approval", NEW."digest", NEW."ends_on", NEW."id", NEW."kind", NEW."minimum_dwell_days", NEW."note", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."published_at", NEW."published_by_id", NEW."retired_at", NEW."retired_by_id", NEW."starts_on", NEW."state", NEW."version"); RETURN NULL;',
                    hash="90bc49e24faac2f829eb959082a0fa30fdff5f73",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_63878",
                    table="tiers_ruleset",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="scorepoint",
            constraint=models.UniqueConstraint(
                fields=("rule_set", "position"), name="tiers_scorepoint_position"
            ),
        ),
        migrations.AddConstraint(
            model_name="scorepoint",
            constraint=models.UniqueConstraint(
                models.F("rule_set"),
                django.db.models.functions.text.Lower("name"),
                name="tiers_scorepoint_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="scorepoint",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="tiers_scorepoint_named"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="scorepoint",
            trigger=pgtrigger.compiler.Trigger(
                name="frozen_with_its_rule_set",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE held record; wanted bigint[];",
                    func="\n            wanted := CASE TG_OP\n                WHEN 'INSERT' THEN ARRAY[NEW.rule_set_id]\n                WHEN 'DELETE' THEN ARRAY[OLD.rule_set_id]\n                ELSE ARRAY[OLD.rule_set_id, NEW.rule_set_id]\n            END;\n            FOR held IN\n                SELECT version, state FROM tiers_ruleset WHERE id = ANY (wanted) ORDER BY id FOR SHARE\n            LOOP\n                IF held.state <> 'draft' THEN\n                    RAISE EXCEPTION 'Version % of the tier rules is % and is kept as it is.', held.version, held.state\n                        USING ERRCODE = 'check_violation';\n                END IF;\n            END LOOP;\n            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n            RETURN NEW;\n        ",
                    hash="4af872517494264ef12f9f7a286637e89fb48655",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_frozen_with_its_rule_set_a3d9c",
                    table="tiers_scorepoint",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="scorethreshold",
            constraint=models.UniqueConstraint(fields=("rule_set", "tier"), name="tiers_scorethreshold_tier"),
        ),
        migrations.AddConstraint(
            model_name="scorethreshold",
            constraint=models.UniqueConstraint(
                condition=models.Q(("enter", None)),
                fields=("rule_set",),
                name="tiers_scorethreshold_one_catch_all",
            ),
        ),
        migrations.AddConstraint(
            model_name="scorethreshold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("enter", None), ("stay", None)),
                    models.Q(
                        ("enter__isnull", False), ("stay__isnull", False), ("stay__lte", models.F("enter"))
                    ),
                    _connector="OR",
                ),
                name="tiers_scorethreshold_stay_below_enter",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="scorethreshold",
            trigger=pgtrigger.compiler.Trigger(
                name="frozen_with_its_rule_set",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE held record; wanted bigint[];",
                    func="\n            wanted := CASE TG_OP\n                WHEN 'INSERT' THEN ARRAY[NEW.rule_set_id]\n                WHEN 'DELETE' THEN ARRAY[OLD.rule_set_id]\n                ELSE ARRAY[OLD.rule_set_id, NEW.rule_set_id]\n            END;\n            FOR held IN\n                SELECT version, state FROM tiers_ruleset WHERE id = ANY (wanted) ORDER BY id FOR SHARE\n            LOOP\n                IF held.state <> 'draft' THEN\n                    RAISE EXCEPTION 'Version % of the tier rules is % and is kept as it is.', held.version, held.state\n                        USING ERRCODE = 'check_violation';\n                END IF;\n            END LOOP;\n            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n            RETURN NEW;\n        ",
                    hash="34e607387f61c77d3cebcbf788e8b9856fdb8616",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_frozen_with_its_rule_set_0087e",
                    table="tiers_scorethreshold",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="tieroverride",
            index=models.Index(fields=["ends_on"], name="tiers_override_by_end"),
        ),
        migrations.AddConstraint(
            model_name="tieroverride",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gt", models.F("starts_on"))),
                name="tiers_tieroverride_ends_after_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="tieroverride",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_on", None),
                    models.Q(
                        ("ended_on__gte", models.F("starts_on")), ("ended_on__lte", models.F("ends_on"))
                    ),
                    _connector="OR",
                ),
                name="tiers_tieroverride_ended_within",
            ),
        ),
        migrations.AddConstraint(
            model_name="tieroverride",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="tiers_tieroverride_has_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="tieroverride",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=(
                    ("account", "="),
                    (
                        models.Func(
                            models.F("starts_on"),
                            django.db.models.functions.comparison.Coalesce("ended_on", "ends_on"),
                            function="daterange",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ),
                name="tiers_tieroverride_one_at_a_time",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="tieroverride",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "tiers_tieroverrideevent" ("account_id", "author_id", "created_at", "end_reason", "ended_by_id", "ended_on", "ends_on", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "reminded_at", "starts_on", "tier_id") VALUES (NEW."account_id", NEW."author_id", NEW."created_at", NEW."end_reason", NEW."ended_by_id", NEW."ended_on", NEW."ends_on", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."reason", NEW."reminded_at", NEW."starts_on", NEW."tier_id"); RETURN NULL;',
                    hash="584ecff35a616c1d3cf9ebbcb3a12061153d1ce2",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_5fb3c",
                    table="tiers_tieroverride",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="tieroverride",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "tiers_tieroverrideevent" ("account_id", "author_id", "created_at", "end_reason", "ended_by_id", "ended_on", "ends_on", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "reminded_at", "starts_on", "tier_id") VALUES (NEW."account_id", NEW."author_id", NEW."created_at", NEW."end_reason", NEW."ended_by_id", NEW."ended_on", NEW."ends_on", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."reason", NEW."reminded_at", NEW."starts_on", NEW."tier_id"); RETURN NULL;',
                    hash="e705b476a6c6475f2420e40d17de7189caed01a2",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_1dc97",
                    table="tiers_tieroverride",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="tierrule",
            constraint=models.UniqueConstraint(
                fields=("rule_set", "position"), name="tiers_tierrule_position"
            ),
        ),
        migrations.AddConstraint(
            model_name="tierrule",
            constraint=models.UniqueConstraint(
                models.F("rule_set"),
                django.db.models.functions.text.Lower("name"),
                name="tiers_tierrule_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="tierrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="tiers_tierrule_named"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="tierrule",
            trigger=pgtrigger.compiler.Trigger(
                name="frozen_with_its_rule_set",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE held record; wanted bigint[];",
                    func="\n            wanted := CASE TG_OP\n                WHEN 'INSERT' THEN ARRAY[NEW.rule_set_id]\n                WHEN 'DELETE' THEN ARRAY[OLD.rule_set_id]\n                ELSE ARRAY[OLD.rule_set_id, NEW.rule_set_id]\n            END;\n            FOR held IN\n                SELECT version, state FROM tiers_ruleset WHERE id = ANY (wanted) ORDER BY id FOR SHARE\n            LOOP\n                IF held.state <> 'draft' THEN\n                    RAISE EXCEPTION 'Version % of the tier rules is % and is kept as it is.', held.version, held.state\n                        USING ERRCODE = 'check_violation';\n                END IF;\n            END LOOP;\n            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n            RETURN NEW;\n        ",
                    hash="808b5667be4c0f2ab383b2e353042654d03c7ddb",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_frozen_with_its_rule_set_744cd",
                    table="tiers_tierrule",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="pendingmove",
            index=models.Index(fields=["until"], name="tiers_pending_by_until"),
        ),
    ]
