"""What people are told about tiers by e-mail."""

from people.notices.topics import Topic, topics

topics.register(
    Topic(
        key="tiers",
        many="{count} tier overrides end soon",
        why="You get this because you set the override, or look after the account.",
    )
)
