"""Who may write about tiers."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from people.functions import Function
from people.guards import whom_to_ask
from people.models import User


def require_revops(by: User, what: str) -> None:
    """Refuse everybody but RevOps; ``what`` completes “… is for RevOps”."""
    if by.function != Function.REVOPS or not by.is_active:
        raise PermissionDenied(f"{what} is for RevOps. {whom_to_ask()}")
