"""What a write of tiers can be refused for, and who may write at all."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import PermissionDenied

from people.functions import Function
from people.guards import whom_to_ask
from people.models import User


class RuleSetChangedError(Exception):
    """Somebody else was quicker: ``differences`` tell in words what changed since the writer looked."""

    def __init__(self, message: str, differences: Sequence[str]) -> None:
        super().__init__(message)
        self.message = message
        self.differences = list(differences)


def require_revops(by: User, what: str) -> None:
    """Refuse everybody but RevOps; ``what`` completes “… is for RevOps”."""
    if by.function != Function.REVOPS or not by.is_active:
        raise PermissionDenied(f"{what} is for RevOps. {whom_to_ask()}")
