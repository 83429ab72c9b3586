"""One delivery: what was sent, what came back, and once more."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from common.export import asked_format, export_response
from common.htmx import render_page
from people.guards import revops_only
from sync.models import WebhookDelivery, WebhookEndpoint
from sync.tables import attempts_table
from sync.views.webhooks import WHAT
from sync.webhooks.services import replay_delivery


@require_safe
@revops_only(WHAT)
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a delivery; while it waits for its first attempt the page asks again every second."""
    found = get_object_or_404(WebhookDelivery.objects.select_related("endpoint"), pk=pk)
    waits = found.state == WebhookDelivery.State.WAITING
    attempts = [
        {**attempt, "at": parse_datetime(str(attempt.get("at", "")))} for attempt in reversed(found.attempts)
    ]
    if asked_format(request):
        return export_response(request, attempts_table(found, attempts))
    context = {
        "delivery": found,
        "endpoint": found.endpoint,
        "body": _readable(found.body),
        "attempts": attempts,
        "is_on_its_way": waits
        and (found.is_held or found.due_at <= timezone.now())
        and found.endpoint.state == WebhookEndpoint.State.ACTIVE,
        "is_blocked": waits and _earlier(found),
    }
    return render_page(request, "sync/webhooks/delivery.html", "sync/webhooks/_delivery.html", context)


@require_POST
@revops_only(WHAT)
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Send one delivery again."""
    found = get_object_or_404(WebhookDelivery.objects.select_related("endpoint"), pk=pk)
    if found.endpoint.state != WebhookEndpoint.State.ACTIVE:
        messages.warning(request, "It is sent again when the endpoint is active.")
    replay_delivery(delivery=found)
    return redirect("sync:delivery", pk=pk)


def _earlier(found: WebhookDelivery) -> bool:
    """Whether an earlier event of the account is still to be delivered."""
    if found.account_id is None:
        return False
    waiting = WebhookDelivery.objects.filter(
        endpoint_id=found.endpoint_id,
        account_id=found.account_id,
        pk__lt=found.pk,
        state=WebhookDelivery.State.WAITING,
    )
    return waiting.exists()


def _readable(body: str) -> str:
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
