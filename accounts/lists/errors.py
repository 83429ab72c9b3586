"""What a service of views and lists refuses, at which field, and why."""

from __future__ import annotations


class ListRefused(Exception):  # noqa: N818 - what a person did was refused, nothing went wrong
    """Something can't be done as asked; ``field`` is where it stands in the form, empty for the whole."""

    def __init__(self, detail: str, *, field: str = "") -> None:
        self.detail, self.field = detail, field
        super().__init__(detail)


class ChangedMeanwhile(ListRefused):
    """Somebody else changed the row since the page was shown."""
