"""What is written in versions: drafted, published (perhaps on a day ahead), retired, and never changed afterwards.

A model of versions is a ``Version`` (or ``DatedVersion``) with the triggers of ``frozen``; its services are thin users
of one ``Lifecycle`` (or ``DatedLifecycle``). docs/versions.md shows a whole one.
"""
