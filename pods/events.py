"""What other systems are told of plays: what a pod should look at, and that it no longer needs to."""

from sync.events import EventKind, event_kinds

for verb in ("opened", "closed"):
    event_kinds.register(
        EventKind(
            key=f"play.{verb}",
            label=f"Play {verb}",
            members="as_of, play, trigger, severity, reason",
        )
    )
