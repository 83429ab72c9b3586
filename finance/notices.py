"""What finance tells people about."""

from people.notices.topics import Topic, topics

topics.register(
    Topic(
        key="contracts",
        label="Contracts",
        many="{count} updates on contracts",
        why="You get this because you amend or approve contracts, or meet what they oblige to.",
    )
)
