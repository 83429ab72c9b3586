"""Engagement's section of the configuration: the point models of target accounts."""

from engagement.scoring.models import ScoreKind, ScoreModel
from people.configuration.registry import ConfigSection, Tracked, sections

sections.register(
    ConfigSection(
        key="score_models",
        label="Scores of target accounts",
        tracks=(
            Tracked(
                model=ScoreModel,
                noun="",
                name=lambda event: f"{ScoreKind(event.kind).label} model, version {event.version}",
                labels={"state": "state", "half_life_days": "half-life in days", "note": "note"},
                show={"state": lambda value: str(ScoreModel.State(value).label).lower()},
            ),
        ),
        no_undo="A published model is never edited: put the earlier version back on the page of the scores.",
    )
)
