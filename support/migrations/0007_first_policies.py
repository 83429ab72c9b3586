from __future__ import annotations

from datetime import date
from typing import Any

from django.db import migrations

FIRST_DAY = date(2000, 1, 1)
METRICS = ("first_response", "next_response")
PRIORITIES = ("urgent", "high", "normal", "low")


def begin_policies(apps: Any, schema_editor: Any) -> None:
    """Promise what tiers and contracts entitle to, until support writes policies of its own."""
    sets = apps.get_model("support", "PolicySet").objects
    if sets.exists():
        return
    draft = sets.create(version=1, note="What tiers and contracts entitle to, for every priority.")
    policy = apps.get_model("support", "Policy").objects.create(
        policy_set=draft, position=1, name="Every account", condition={"all": []}, clock="entitled"
    )
    targets = apps.get_model("support", "PolicyTarget")
    targets.objects.bulk_create(
        targets(policy_set=draft, policy=policy, metric=metric, priority=priority)
        for metric in METRICS
        for priority in PRIORITIES
    )
    draft.state, draft.starts_on = "published", FIRST_DAY
    draft.save(update_fields=["state", "starts_on"])


def mark_every_ticket(apps: Any, schema_editor: Any) -> None:
    """Let workers tell the clocks of the tickets that are there; reads the tickets and locks none."""
    schema_editor.execute(
        "INSERT INTO support_tickettoclock (ticket_id)"
        " SELECT id FROM support_ticket WHERE deleted_at IS NULL ORDER BY id ON CONFLICT DO NOTHING"
    )


class Migration(migrations.Migration):
    dependencies = [("support", "0006_clocks")]

    operations = [
        migrations.RunPython(begin_policies, migrations.RunPython.noop),
        migrations.RunPython(mark_every_ticket, migrations.RunPython.noop),
    ]
