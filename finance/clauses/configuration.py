"""The clause library's section of the configuration."""

from __future__ import annotations

from finance.clauses.file import SHAPE, apply_library, export_library, plan_library
from finance.models import ClauseFamily, ClauseVersion
from people.configuration.registry import ConfigFile, ConfigSection, Tracked, sections

sections.register(
    ConfigSection(
        key="clauses",
        label="Clause library",
        url_name="finance:clauses",
        tracks=(
            Tracked(
                model=ClauseFamily,
                noun="Clause",
                name=lambda event: event.label,
                labels={"label": "name", "position": "place"},
            ),
            Tracked(
                model=ClauseVersion,
                noun="",
                name=lambda event: f"{_family(event.family_id)}, version {event.version}",
                labels={"state": "state", "note": "note"},
                show={"state": lambda value: str(ClauseVersion.State(value).label).lower()},
            ),
        ),
        no_undo="What was published stays as it was: begin a draft from the earlier version and publish it.",
        file=ConfigFile(shape=SHAPE, export=export_library, plan=plan_library, apply=apply_library),
    )
)


def _family(pk: int) -> str:
    family = ClauseFamily.objects.filter(pk=pk).first()
    return family.label if family else f"Clause {pk}"
