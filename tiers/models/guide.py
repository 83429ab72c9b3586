"""Links by which customers open the tier guide."""

from __future__ import annotations

import pghistory

from people.links.models import UNTRACKED, SecretLink


@pghistory.track(exclude=list(UNTRACKED))
class GuideLink(SecretLink):
    """A secret address of the tier guide, which shows it as published at the time it is opened."""
