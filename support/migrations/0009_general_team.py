from __future__ import annotations

from typing import Any

from django.db import migrations


def begin_general(apps: Any, schema_editor: Any) -> None:
    """Begin the team that takes what no other does."""
    teams = apps.get_model("support", "SupportTeam").objects
    if not teams.filter(is_general=True).exists():
        teams.create(name="General support", purpose="Takes what no other team does.", is_general=True)


class Migration(migrations.Migration):
    dependencies = [("support", "0008_teams")]

    operations = [migrations.RunPython(begin_general, migrations.RunPython.noop)]
