"""What pods will be judged by once their work is kept here."""

from __future__ import annotations

from metrics.scoreboard.registry import FULL_POD, REVOPS_TEAM, AwaitedLine, awaited_lines

awaited_lines.register(
    AwaitedLine(
        key="pods.adherence",
        label="Playbook adherence",
        owner=REVOPS_TEAM,
        target="at least 80%",
        source="playbooks with steps that fall due",
    )
)
awaited_lines.register(
    AwaitedLine(
        key="pods.reviews",
        label="Reviews of the top 50 accounts",
        owner=REVOPS_TEAM,
        target="2 a month",
        source="the meetings of pods",
    )
)
awaited_lines.register(
    AwaitedLine(
        key="pods.retrospective",
        label="Pod retrospective score",
        owner=FULL_POD,
        target="rising",
        source="retrospectives of pods",
    )
)
