"""What newcomers read of the house is what the house has."""

from __future__ import annotations

import re
import sys

from django.conf import settings

from common.registry import Registry


def test_contributors_read_of_every_file_that_engines_look_for() -> None:
    """A registry that nobody reads of is found by accident only."""
    apps = {*settings.ABE_APPS, "common"}
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] in apps]
    looked_for = {
        held.module for module in modules for held in vars(module).values() if type(held) is Registry
    }
    text = (settings.BASE_DIR / "CONTRIBUTING.md").read_text()
    assert set(re.findall(r"^\| `(\w+)\.py` \|", text, re.MULTILINE)) == looked_for
