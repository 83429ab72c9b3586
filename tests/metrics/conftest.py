"""Health as it was at first, for tests of how scores are counted: eight components are easier to follow."""

from __future__ import annotations

import pgtrigger
import pytest

from metrics.models import HealthModel

FROZEN = (
    "metrics.HealthModel:frozen_after_draft",
    "metrics.HealthComponent:frozen_with_version",
    "metrics.HealthLimit:frozen_with_version",
)


@pytest.fixture
def model_1(db: None) -> None:
    """Put health model 1 in force and take model 2 away, as no one else can."""
    with pgtrigger.ignore(*FROZEN):
        HealthModel.objects.published().delete()
        HealthModel.objects.update(state="published", retired_at=None)
