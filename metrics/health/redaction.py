"""What of a health score is closed to a reader: whatever a closed number stands behind."""

from __future__ import annotations

from metrics.registry import metrics
from people.access import Access

# What a limit is called tells of its category.
CLOSED_LIMIT = "A limit"


def is_open(key: str, access: Access) -> bool:
    """Return whether the reader may see a component's number; one that nobody declares any more tells nothing."""
    declared = metrics.get(key)
    return declared is None or access.allows(declared.category, declared.level)


def limit_name(label: str, *, is_open: bool) -> str:
    """Return what the limit that held is called, or only that one did where not all categories are open."""
    return label if is_open or not label else CLOSED_LIMIT
