"""What is dated as of a day past was told then: nobody is mailed about it when the sample company is made."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from demo.past import as_of
from metrics.engine.plan import today
from people.models import Notice
from people.tasks import send_notices, tick_approvals
from tests.people.approving import ask, declared
from tests.users import make_user

pytestmark = pytest.mark.django_db


def test_whoever_decides_what_was_asked_then_was_told_then() -> None:
    controller, seller = make_user("finance"), make_user("sales")
    with declared():
        with as_of(today() - timedelta(days=40)):
            ask(seller)
        tick_approvals()
        send_notices()
        [told] = Notice.objects.all()
        assert (told.user, told.event) == (controller, "asked")
        assert told.sent_at is not None
        assert told.sent_at < timezone.now() - timedelta(days=39)
        assert mail.outbox == []
        ask(seller)
        tick_approvals()
        send_notices()
        assert [sent.to for sent in mail.outbox] == [[controller.email]]
