"""What support tells people about."""

from people.functions import Function
from people.notices.topics import Topic, topics
from support.escalations.topics import BREACHES, WARNINGS

topics.register(
    Topic(
        key=WARNINGS,
        many="{count} clocks are running out",
        why="You get this because a ticket is yours or waits in your team’s queue.",
        label="Clocks of tickets that are running out",
        wanted_by=frozenset({Function.SUPPORT, Function.CUSTOMER_SUCCESS, Function.LEADERSHIP}),
    )
)
topics.register(
    Topic(
        key=BREACHES,
        many="{count} promises to customers are late",
        why="You get this because a ticket is yours, or an escalation reaches you.",
        label="Late answers to customers",
        for_channels=True,
    )
)
