"""What pods tell people by e-mail."""

from people.notices.topics import Topic, topics

topics.register(
    Topic(
        key="tasks",
        label="Tasks",
        many="{count} tasks",
        why="You get this because a task is yours or your function's.",
    )
)
