"""System checks: a lens that names nothing real stops the start, not the reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.template.exceptions import TemplateDoesNotExist
from django.template.loader import get_template

from accounts.home import home_panels
from accounts.lenses.registry import chips, columns, histories, lenses, panels


def check_lenses(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report duplicate keys, lenses that name unknown panels or columns, and missing templates."""
    found: list[CheckMessage] = []
    for registry in (panels, lenses, columns, chips, histories, home_panels):
        found += registry.check_duplicates()
    found += panels.check_known((f"Lens {lens.key!r}", key) for lens in lenses for key in lens.panels)
    found += columns.check_known((f"Lens {lens.key!r}", key) for lens in lenses for key in lens.columns)
    found += [
        Error(
            f"Panel {key!r} names the template {name!r}, which does not exist.",
            hint="Add it under <app>/templates/<app>/panels/ or mend the name.",
            id="lens.E003",
        )
        for key, name in _templates()
        if not _exists(name)
    ]
    if not len(lenses):
        found.append(Error("No app declares a lens, so an account page would be empty.", id="lens.E004"))
    return found


def _templates() -> Iterator[tuple[str, str]]:
    for panel in panels:
        yield panel.key, panel.template
    for home_panel in home_panels:
        yield home_panel.key, home_panel.template


def _exists(name: str) -> bool:
    try:
        get_template(name)
    except TemplateDoesNotExist:
        return False
    return True
