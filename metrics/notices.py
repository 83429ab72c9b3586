"""What metrics tells people about."""

from __future__ import annotations

from metrics.scoreboard.digest import TOPIC, compose
from people.functions import Function
from people.notices.topics import Topic, topics

topics.register(
    Topic(
        key=TOPIC,
        label="The scoreboard, weekly",
        many="The scoreboard, {count} weeks",
        why="You get this because your function answers for lines of the scoreboard, or because you asked for it.",
        wanted_by=frozenset(
            {
                Function.SALES,
                Function.CUSTOMER_SUCCESS,
                Function.PRODUCT,
                Function.SUPPORT,
                Function.FINANCE,
                Function.REVOPS,
                Function.LEADERSHIP,
            }
        ),
        is_weekly=True,
        for_channels=True,
        compose=compose,
    )
)
topics.register(
    Topic(
        key="nights",
        label="Findings about nights",
        many="{count} findings about the nightly numbers",
        why="You get this because you look after the nightly refresh.",
    )
)
