"""Point models go into a file and come back as drafts, or published where that is asked for."""

from __future__ import annotations

import copy

import pytest

from engagement.config import apply_models, export_models, plan_models
from engagement.models import ScoreModel
from people.configuration.registry import ConfigError
from tests.users import make_user

pytestmark = pytest.mark.django_db


def test_a_changed_file_is_told_in_words_and_drafted_once_then_published() -> None:
    data = copy.deepcopy(export_models())
    data["engagement"]["rules"][0]["points"] = 25
    data["engagement"]["half_life_days"] = 40
    [words] = plan_models(data, False)
    assert words.startswith("Engagement model: a new draft (Half-life: 30 days, now 40 days; “Meeting”: +20")
    by = make_user("revops")
    apply_models(data, by, False)
    assert plan_models(data, False) == []
    assert ScoreModel.objects.get(kind="engagement", state="published").version == 1
    apply_models(data, by, True)
    assert export_models() == data
    assert ScoreModel.objects.get(kind="engagement", state="published").published_by == by


def test_what_no_model_can_say_is_refused_with_its_place() -> None:
    data = copy.deepcopy(export_models())
    data["fit"]["rules"][1]["name"] = data["fit"]["rules"][0]["name"]
    data["engagement"]["half_life_days"] = None
    with pytest.raises(ConfigError) as refused:
        plan_models(data, True)
    assert {problem.path for problem in refused.value.problems} == {
        "fit.rules[1].name",
        "engagement.half_life_days",
    }
