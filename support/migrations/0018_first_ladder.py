from __future__ import annotations

from typing import Any

from django.db import migrations

# What tiers are entitled to (DOMAIN.md): direct to the VP of customer success, a manager, the standard queue, automated.
RUNGS: dict[str, tuple[dict[str, Any], ...]] = {
    "vp_cs": (
        {"wait_minutes": 0, "who": "engineer"},
        {"wait_minutes": 0, "who": "pod"},
        {"wait_minutes": 15, "who": "owner"},
        {"wait_minutes": 15, "who": "function", "function": "leadership"},
    ),
    "manager": (
        {"wait_minutes": 0, "who": "engineer"},
        {"wait_minutes": 30, "who": "team"},
        {"wait_minutes": 60, "who": "owner"},
    ),
    "standard_queue": ({"wait_minutes": 0, "who": "engineer"}, {"wait_minutes": 120, "who": "team"}),
    "automated": ({"wait_minutes": 0, "who": "engineer"},),
}


def begin_ladder(apps: Any, schema_editor: Any) -> None:
    """Begin the ladder that counts until support writes its own."""
    versions = apps.get_model("support", "Ladder").objects
    if versions.exists():
        return
    version = versions.create(
        version=1,
        state="draft",
        note="Name the VP of customer success and the manager, until then all of leadership and the team are told.",
    )
    rungs = apps.get_model("support", "Rung").objects
    for path, rows in RUNGS.items():
        for position, row in enumerate(rows, 1):
            rungs.create(ladder=version, path=path, position=position, **row)
    versions.filter(pk=version.pk).update(state="published")


class Migration(migrations.Migration):
    dependencies = [("support", "0017_escalations")]

    operations = [migrations.RunPython(begin_ladder, migrations.RunPython.noop)]
