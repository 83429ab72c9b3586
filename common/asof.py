"""Read the day a page is asked to show."""

from datetime import date

from django.http import HttpRequest
from django.utils import timezone

# The oldest day that pages show; figures of earlier ones could be reached nowhere.
FIRST_DAY = date(1970, 1, 1)


def requested_as_of(request: HttpRequest) -> date | None:
    """Return the day in ``?as_of=2026-11-22``.

    Absent, malformed and future days give ``None``: the page then shows its newest figures, not an error.
    """
    try:
        day = date.fromisoformat(request.GET.get("as_of", ""))
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= timezone.localdate() else None
