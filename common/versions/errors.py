"""What a write of a version can be refused for beside its content."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError


class VersionChangedError(ValidationError):
    """Somebody else was quicker: ``differences`` tell in words what changed since the writer looked.

    ``is_closed``: it is no draft any more, or gone, so that it can't be saved again either.
    """

    message: str

    def __init__(self, message: str, differences: Sequence[str] = (), *, is_closed: bool = False) -> None:
        super().__init__(message)
        self.differences, self.is_closed = list(differences), is_closed

    def __str__(self) -> str:
        return self.message
