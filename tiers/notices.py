"""What people are told about tiers by e-mail."""

from people.notices.topics import Topic, topics

topics.register(
    Topic(
        key="tiers",
        label="Tier overrides",
        many="{count} tier overrides end soon",
        why="You get this because you set the override, or look after the account.",
    )
)
topics.register(
    Topic(
        key="tier_versions",
        label="Scheduled tier rules",
        many="{count} updates on scheduled tier rules",
        why="You get this because you wrote or scheduled the version, or look after the tier rules.",
    )
)
