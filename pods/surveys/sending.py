"""Send the mails that ask, each by one worker.

A worker claims one in a transaction of its own, sends outside of any, and notes the outcome in another. Only where it
dies in between does a mail go out a second time, after the claim has run out and with the same Message-ID; its links
still record one answer.
"""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPException, SMTPRecipientsRefused

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils import timezone

from common.formatting import format_date
from pods.surveys.models import SurveyRequest
from pods.surveys.registry import SurveyKind, survey_kinds
from pods.surveys.tokens import address_of

logger = structlog.get_logger(__name__)

HELD_FOR = timedelta(minutes=10)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
GIVE_UP_AFTER = timedelta(days=3)


def send_due(*, limit: int = 200) -> int:
    """Send what is due, at most ``limit`` mails; return how many went out."""
    sent = 0
    for _ in range(limit):
        request = claim_request()
        if request is None:
            break
        sent += send_request(request)
    return sent


@transaction.atomic
def claim_request() -> SurveyRequest | None:
    """Take the mail that waits longest into this worker's hands; None where none is due."""
    now = timezone.now()
    due = SurveyRequest.objects.unsent().filter(
        Q(claimed_until=None) | Q(claimed_until__lt=now),
        due_at__lte=now,
        kind__in=[kind.key for kind in survey_kinds],
    )
    request = due.order_by("due_at", "pk").select_for_update(skip_locked=True, of=("self",)).first()
    if request is not None:
        SurveyRequest.objects.filter(pk=request.pk).update(claimed_until=now + HELD_FOR, tries=F("tries") + 1)
    return request


def send_request(request: SurveyRequest) -> bool:
    """Send one mail and note what became of it; return whether it went out. Called outside of transactions."""
    rows = SurveyRequest.objects.filter(pk=request.pk)
    try:
        mail_of(survey_kinds[request.kind], request).send()
    except SMTPRecipientsRefused:
        # It never will, and what the server says names the address.
        _failed(request, "The mail server refused the address.", is_over=True)
        return False
    except (SMTPException, OSError, ValueError) as error:
        is_over = isinstance(error, ValueError) or request.asked_at < timezone.now() - GIVE_UP_AFTER
        _failed(request, f"The mail could not be sent ({type(error).__name__}).", is_over=is_over)
        return False
    rows.update(sent_at=timezone.now(), claimed_until=None, error="")
    return True


def mail_of(kind: SurveyKind, request: SurveyRequest) -> EmailMultiAlternatives:
    """Write the mail: the question, and a link for each answer; repeats carry the same Message-ID."""
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >") or "localhost"
    context = {
        "kind": kind,
        "request": request,
        "subject": kind.subject(request.about),
        "question": kind.question(request.about),
        "answers": [(step, address_of(request, step)) for step in kind.steps],
        "company": settings.COMPANY,
        "until": format_date(request.expires_at.date()),
    }
    message = EmailMultiAlternatives(
        subject=" ".join(kind.subject(request.about).split())[:200],
        body=render_to_string("pods/surveys/mail.txt", context),
        to=[request.email],
        headers={"Message-ID": f"<survey.{request.code.hex}@{host}>", "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("pods/surveys/mail.html", context), "text/html")
    return message


def _failed(request: SurveyRequest, why: str, *, is_over: bool) -> None:
    now = timezone.now()
    # Neither the address nor what the server said of it: logs are read by others than those who ask.
    logger.warning("A survey could not be sent", survey=request.pk, error=why)
    SurveyRequest.objects.filter(pk=request.pk).update(
        claimed_until=None,
        due_at=now + min(FIRST_PAUSE * 2 ** min(request.tries, 10), LONGEST_PAUSE),
        error=why,
        **({"given_up_at": now} if is_over else {}),
    )
