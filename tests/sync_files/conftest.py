"""Files on their way in, as the page and the command send them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sync.files.plan import Plan, plan_of
from sync.files.services import begin_check, begin_import, create_import, save_plan
from sync.files.tasks import work_off
from sync.models import Import

Upload = Callable[..., Import]


@pytest.fixture
def upload(db: None) -> Upload:
    """Upload and read a file, changing columns of the suggested plan by heading."""
    return upload_file


def upload_file(
    content: bytes | str,
    resource: str = "accounts",
    source: str = "csv",
    name: str = "file.csv",
    columns: dict[str, dict[str, str]] | None = None,
    **plan: Any,
) -> Import:
    """Upload and read a file, changing columns of the suggested plan by heading."""
    data = content.encode() if isinstance(content, str) else content
    imported = create_import(source=source, resource=resource, file_name=name, pieces=[data])
    work_off(imported.pk, seconds=60)
    imported.refresh_from_db()
    if columns or plan:
        save_plan(imported=imported, plan=_changed(imported, columns or {}, plan))
    return imported


def _changed(imported: Import, columns: dict[str, dict[str, str]], changes: dict[str, Any]) -> Plan:
    plan = plan_of(imported.plan)
    names = [column["name"] for column in imported.columns]
    for heading, values in columns.items():
        for key, value in values.items():
            setattr(plan.columns[names.index(heading)], key, value)
    for key, value in changes.items():
        setattr(plan, key, value)
    return plan


def check(imported: Import) -> Import:
    """Do the dry run."""
    begin_check(imported=imported)
    work_off(imported.pk, seconds=60)
    imported.refresh_from_db()
    assert imported.state == Import.State.CHECKED, imported.error
    return imported


def bring_in(imported: Import) -> Import:
    """Import what was uploaded."""
    begin_import(imported=imported)
    work_off(imported.pk, seconds=60)
    imported.refresh_from_db()
    assert imported.state == Import.State.DONE, imported.error
    return imported
