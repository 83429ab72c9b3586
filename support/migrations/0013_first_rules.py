from __future__ import annotations

from datetime import date
from typing import Any

from django.db import migrations

FIRST_DAY = date(2000, 1, 1)
RULES: tuple[dict[str, Any], ...] = (
    {
        "name": "Strategic accounts",
        "condition": {"field": "accounts.tier", "op": "in", "value": ["strategic"]},
        "is_named_first": True,
    },
    {
        "name": "Enterprise accounts",
        "condition": {"field": "accounts.tier", "op": "in", "value": ["enterprise"]},
        "is_named_first": True,
        "priorities": ["urgent", "high"],
    },
    {"name": "Everyone else", "condition": {"all": []}},
)


def begin_rules(apps: Any, schema_editor: Any) -> None:
    """Begin the rules that count until support writes its own."""
    versions = apps.get_model("support", "RoutingRules").objects
    if versions.exists():
        return
    version = versions.create(
        version=1,
        state="draft",
        starts_on=FIRST_DAY,
        note="Who has a named engineer goes there first, until support writes down its own rules.",
    )
    rules = apps.get_model("support", "RoutingRule").objects
    for position, rule in enumerate(RULES, 1):
        rules.create(rules=version, position=position, **rule)
    versions.filter(pk=version.pk).update(state="published")


class Migration(migrations.Migration):
    dependencies = [("support", "0012_routing")]

    operations = [migrations.RunPython(begin_rules, migrations.RunPython.noop)]
