"""Send messages, each at most once.

A worker claims one in a transaction of its own that is committed before the mail server hears of it, sends outside of
any, and notes the outcome. Nothing ever goes back from claimed to queued by itself: where a worker died in between,
or the server hung up, nobody knows, and a person decides. While the server can't be reached nothing is claimed.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from smtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPDataError,
    SMTPException,
    SMTPHeloError,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
)
from socket import gaierror

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Account
from finance.collections.absorbed import survivors_of
from finance.collections.locking import lock_account
from finance.collections.policy import policy_in_force
from finance.collections.positions import Position, positions_under, read_held
from finance.collections.task_words import UNCLEAR
from finance.collections.writing import exact
from finance.models import DunningMessage
from people.functions import Function
from pods.tasks.services import open_task

logger = structlog.get_logger(__name__)

State = DunningMessage.State
# Far longer than a mail server is waited for; whoever holds a message longer has died.
HELD_FOR = timedelta(minutes=30)
# The server answered that it takes nothing, or was never asked, so nothing went out. Any other error, such as an answer
# that can't be read, may have come after it took the mail.
NOT_TAKEN = (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPDataError,
    SMTPHeloError,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    ConnectionRefusedError,
    gaierror,
    ValueError,  # an address or a header that no mail can have
)


def send_due(day: date, *, limit: int = 200) -> int:
    """Send what waits, at most ``limit`` messages; return how many went out.

    Ends early where the mail server can't be reached: what waits then goes with the next run.
    """
    queued = DunningMessage.objects.filter(state=State.QUEUED).order_by("pk")
    sent, is_reached = 0, False
    for pk in queued.values_list("pk", flat=True)[:limit]:
        if not is_reached and not _reaches_server():
            break
        message = claim_message(pk, day)
        is_reached = message is None or send_message(message)
        sent += message is not None and is_reached
    return sent


def waiting_since() -> datetime | None:
    """Return since when messages wait that should have gone by now, None where none do."""
    late = DunningMessage.objects.filter(state=State.QUEUED, created_at__lt=timezone.now() - HELD_FOR)
    return late.order_by("created_at").values_list("created_at", flat=True).first()


def _reaches_server() -> bool:
    """Return whether the mail server answers and lets us in. Asked first, and again after a message that failed."""
    connection = get_connection()
    try:
        connection.open()
        connection.close()
    except (SMTPException, OSError):
        logger.exception("The mail server can't be reached, so no dunning message is sent")
        return False
    return True


@transaction.atomic
def claim_message(pk: int, day: date) -> DunningMessage | None:
    """Take a message into this worker's hands, or stop it where it is no longer right; None where it isn't sent.

    Locks the account, then the message. What is committed here is never sent by anybody else.
    """
    found = DunningMessage.objects.filter(pk=pk).values_list("cycle__account_id", flat=True).first()
    if found is None:
        return None
    lock_account(found)
    message = (
        DunningMessage.objects.select_for_update(of=("self",))
        .select_related("cycle__account")
        .filter(pk=pk, state=State.QUEUED)
        .first()
    )
    if message is None:
        return None
    why = reason_to_stop(message, day)
    if why:
        message.state, message.note = State.STOPPED, why
        message.save(update_fields=["state", "note"])
        return None
    message.state, message.claimed_at = State.CLAIMED, timezone.now()
    message.save(update_fields=["state", "claimed_at"])
    return message


def reason_to_stop(message: DunningMessage, day: date) -> str:
    """Say why a message that was written may no longer go, empty where it may. Read under the account's lock.

    It may where the same would be written now.
    """
    cycle, policy = message.cycle, policy_in_force()
    if message.asked_on != day:
        return "It wasn't sent on the day for which it was written."
    if policy is None or policy.pk != message.policy_id:
        return "Another version of the policy was published meanwhile."
    positions = positions_under(policy, read_held(day, {cycle.account_id}).without(message))
    position = next((each for each in positions if each.claim.currency == cycle.currency), None)
    if position is None or cycle.closed_on is not None:
        return "Nothing is overdue any more."
    if position.claim.snapshot() != message.asked_for:
        return _what_changed(position, message)
    if position.recipient is None or position.recipient.email != message.email:
        return "Bills go to another address by now."
    verdict = position.verdict
    if (verdict.kind, verdict.stage, verdict.attempt) != ("ask", message.stage, message.attempt):
        return verdict.why
    return ""


def send_message(message: DunningMessage) -> bool:
    """Send a claimed message and note what became of it; return whether it went out. Called outside of transactions.

    One that was thought to be lost meanwhile isn't sent any more: somebody may have decided that it is written anew.
    """
    if not DunningMessage.objects.filter(pk=message.pk, state=State.CLAIMED).exists():
        return False
    try:
        mail_of(message).send()
    except NOT_TAKEN as error:
        _unclear(message, State.FAILED, _told(error))
    except (SMTPException, OSError) as error:
        _unclear(message, State.UNKNOWN, _told(error))
    else:
        # Also where it was thought to be lost meanwhile: this worker knows.
        mine = DunningMessage.objects.filter(
            pk=message.pk, state__in=(State.CLAIMED, State.UNKNOWN), decided_by=None
        )
        mine.update(state=State.SENT, sent_at=Now(), note="")
        return True
    return False


def mail_of(message: DunningMessage) -> EmailMessage:
    """Return the mail; its Message-ID is the row's."""
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >") or "localhost"
    return EmailMessage(
        subject=message.subject,
        body=message.text,
        to=[message.email],
        headers={"Message-ID": f"<dunning.{message.pk}@{host}>"},
    )


def mark_lost() -> int:
    """Mark what a worker claimed long ago as unknown, with a task for finance; return how many."""
    before = timezone.now() - HELD_FOR
    lost = DunningMessage.objects.filter(state=State.CLAIMED, claimed_at__lt=before)
    return sum(
        _unclear(
            message, State.UNKNOWN, "The worker that had it died before it could say whether it went out."
        )
        for message in lost.select_related("cycle__account").order_by("pk")
    )


@transaction.atomic
def _unclear(message: DunningMessage, state: DunningMessage.State, why: str) -> int:
    """Note that a message didn't go out, or that nobody knows, and open the task that decides it."""
    held = DunningMessage.objects.filter(pk=message.pk, state=State.CLAIMED)
    if not held.update(state=state, note=why[:500]):
        return 0
    logger.warning("A dunning message wasn't sent", message=message.pk, state=state, error=why)
    cycle = message.cycle
    account_id = survivors_of([cycle.account_id])[cycle.account_id]
    owed = exact(message.amount, cycle.currency)
    known = "couldn't be sent" if state == State.FAILED else "may or may not have been sent"
    open_task(
        kind=UNCLEAR,
        about=f"message:{message.pk}:{state}:{message.claimed_at:%Y%m%d%H%M%S}",
        account=Account.objects.get(pk=account_id),
        title=f"The message about {owed} {known}",
        body=f"{why}\nUntil somebody decides on the message's page, this customer isn't asked again.",
        function=Function.FINANCE,
        due_on=message.asked_on + timedelta(days=1),
    )
    return 1


def _what_changed(position: Position, message: DunningMessage) -> str:
    claim = position.claim
    before = {row["invoice"]: row["amount"] for row in message.asked_for}
    for owed in claim.invoices:
        if owed.invoice_id in before and owed.hold:
            return f"Held meanwhile: {owed.hold}"[:500]
    if claim.promise is not None and claim.promised > 0:
        return "A payment was promised meanwhile."
    if claim.paid > 0:
        return "Money came meanwhile that settles no invoice yet."
    if any(owed.invoice_id in before and owed.disputed > 0 for owed in claim.invoices):
        return "An invoice is disputed meanwhile."
    now = exact(claim.rest, claim.currency)
    return f"What is owed changed from {exact(message.amount, claim.currency)} to {now} meanwhile."


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
