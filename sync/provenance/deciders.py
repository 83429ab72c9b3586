"""Who decided what no source said: whoever pinned a value or ended a pin, or saved another order of the sources."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property
from itertools import zip_longest

from django.db.models import Q

from common.history import EXISTING
from people.configuration.authors import author_id
from people.models import User
from sync.declarations import Resource
from sync.models import FieldPrecedence, Pin

HERE = "decided here"
# What a pin or its end changes is written in its transaction, a little later.
TRANSACTION = timedelta(minutes=1)
# Records follow a new order by slices, which take minutes.
FOLLOWS = timedelta(hours=1)


class Deciders:
    """Names who is behind the changes of one record that no source brought; three queries, when first asked."""

    def __init__(self, resource: Resource, object_id: int) -> None:
        self.resource, self.object_id = resource, object_id

    def words(self, field: str, changed_at: datetime) -> str:
        """Return who decided a change of the field, and how, in words."""
        by_pin = [
            (at, told) for at, told in self._turns(field) if timedelta() <= changed_at - at < TRANSACTION
        ]
        if by_pin:
            return max(by_pin)[1]
        for saved_at, of_field, author in self._orders:
            if of_field in (FieldPrecedence.EVERY_FIELD, field) and (
                timedelta() <= changed_at - saved_at < FOLLOWS
            ):
                return f"order of the sources saved by {author}" if author else "order of the sources saved"
        return HERE

    def _turns(self, field: str) -> Iterator[tuple[datetime, str]]:
        """Yield when the field was pinned and when a pin of it ended, with by whom in words."""
        pins = [pin for pin in self._pins if pin.field == field]
        for pin, following in zip_longest(pins, pins[1:]):
            yield pin.pinned_at, f"pinned by {pin.pinned_by}" if pin.pinned_by else "pinned"
            # Where another pin took its place, that one decided.
            if pin.ended_at and (following is None or following.pinned_at > pin.ended_at):
                yield (
                    pin.ended_at,
                    f"pin ended by {pin.ended_by}" if pin.ended_by else "the pin’s time was over",
                )

    @cached_property
    def _pins(self) -> list[Pin]:
        held = Pin.objects.filter(resource=self.resource.key, object_id=self.object_id)
        return list(held.select_related("pinned_by", "ended_by").order_by("pk"))

    @cached_property
    def _orders(self) -> list[tuple[datetime, str, str]]:
        """Return when the order was saved for which field, and by whom, the newest first."""
        events = FieldPrecedence.pgh_event_model.objects.filter(  # type: ignore[attr-defined]
            ~Q(pgh_label=EXISTING), resource=self.resource.key
        )
        saved = list(events.select_related("pgh_context").order_by("-pgh_id"))
        names = {
            user.pk: str(user)
            for user in User.objects.filter(pk__in={author_id(event) or 0 for event in saved})
        }
        return [(event.pgh_created_at, event.field, names.get(author_id(event) or 0, "")) for event in saved]
