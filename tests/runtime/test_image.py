"""The Dockerfile and the composed servers, which no test can build: every folder is there, and they are tuned alike."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from django.apps import apps
from django.conf import settings

from abe.runtime.postgres import SETTINGS


def copied() -> set[str]:
    """Return the folders and files that are copied into the image from the checkout."""
    told = (Path(settings.BASE_DIR) / "Dockerfile").read_text()
    last = told[told.rindex("\nFROM ") :]
    return set(re.findall(r"^COPY (?!--)(\S+) \S+$", last, re.MULTILINE))


def test_every_app_of_ours_is_in_the_image() -> None:
    base = Path(settings.BASE_DIR)
    ours = {Path(app.path).relative_to(base).parts[0] for app in apps.get_app_configs() if _is_ours(app.path)}
    assert {"finance", "tiers"} <= ours
    assert ours - copied() == set()
    assert {"abe", "templates", "manage.py"} <= copied()


def test_fonts_for_letters_that_the_built_in_ones_lack_are_installed() -> None:
    told = (Path(settings.BASE_DIR) / "Dockerfile").read_text()
    # Both are in Debian 12 and 13.
    assert {"fonts-droid-fallback", "fonts-noto-core"} <= set(told.split())


def test_the_composed_server_is_tuned_as_the_embedded_one() -> None:
    told = yaml.safe_load((Path(settings.BASE_DIR) / "docker-compose.yml").read_text())
    command = told["services"]["postgres"]["command"]
    composed = dict(one.split("=", 1) for one in command if "=" in one)
    assert "max_wal_size" in composed
    assert composed == {name: SETTINGS.get(name) for name in composed}


def _is_ours(path: str) -> bool:
    inside = Path(path).is_relative_to(settings.BASE_DIR)
    return inside and ".venv" not in Path(path).parts
