"""Webhook endpoints, for RevOps: who is told what, how it goes, and what to do when it doesn't."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from kombu.exceptions import OperationalError

from common.export import asked_format, export_response
from common.formatting import format_date
from common.pagination import read_page
from people.configuration.authors import recorded
from people.guards import revops_only, signed_in
from sync.models import WebhookDelivery, WebhookEndpoint
from sync.tables import deliveries_table, endpoints_table
from sync.tasks import replay_webhooks
from sync.webhooks.forms import EndpointForm, ReplayForm
from sync.webhooks.listing import STATES, DeliveryFilters, endpoints_overview, kinds_of, sorted_kinds
from sync.webhooks.services import (
    Issued,
    change_endpoint,
    create_endpoint,
    delete_endpoint,
    pause_endpoint,
    resume_endpoint,
    rotate_secret,
    send_test,
)

WHAT = "What other systems are told"


@require_safe
@revops_only(WHAT)
def endpoints(request: HttpRequest) -> HttpResponse:
    """List the endpoints and how their deliveries go."""
    if asked_format(request):
        return export_response(request, endpoints_table())
    context = {"endpoints": endpoints_overview(), "keep_days": settings.WEBHOOKS_KEEP_DAYS}
    return render(request, "sync/webhooks/endpoints.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@revops_only(WHAT)
@recorded
def new_endpoint(request: HttpRequest) -> HttpResponse:
    """Add an endpoint and show its secret this once."""
    form = EndpointForm(request.POST or None, initial={"kinds": ["*"]})
    if form.is_valid():
        try:
            issued = create_endpoint(**form.cleaned_data, by=signed_in(request))
        except ValidationError as error:
            form.add_errors(error)
        else:
            return _show_secret(request, issued, "is told what happens from now on")
    status = 422 if form.is_bound else 200
    return render(request, "sync/webhooks/form.html", {"form": form}, status=status)


@require_safe
@revops_only(WHAT)
def endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an endpoint with its deliveries, newest first; ``?state=``, ``?kind=``, ``?account=`` narrow them."""
    found = get_object_or_404(WebhookEndpoint, pk=pk)
    return _endpoint_page(request, found, ReplayForm())


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
def edit_endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    """Change name, address, events or eyes."""
    found = get_object_or_404(WebhookEndpoint, pk=pk)
    held = {name: getattr(found, name) for name in ("name", "url", "function", "kinds")}
    form = EndpointForm(request.POST or None, initial=held)
    if form.is_valid():
        try:
            change_endpoint(endpoint=found, **form.cleaned_data, by=signed_in(request))
        except ValidationError as error:
            form.add_errors(error)
        else:
            messages.success(request, "Saved. What waits already is sent as it is.")
            return redirect("sync:webhook", pk=pk)
    context = {"form": form, "endpoint": found}
    return render(request, "sync/webhooks/form.html", context, status=422 if form.is_bound else 200)


@require_POST
@never_cache
@revops_only(WHAT)
@recorded
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a new secret and show it this once."""
    found = get_object_or_404(WebhookEndpoint, pk=pk)
    issued = rotate_secret(endpoint=found)
    return _show_secret(request, issued, "is signed with both secrets until this time tomorrow")


@require_POST
@revops_only(WHAT)
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Hold deliveries back."""
    pause_endpoint(endpoint=get_object_or_404(WebhookEndpoint, pk=pk), by=signed_in(request))
    messages.success(request, "Paused. What happens meanwhile is kept and sent when you resume.")
    return redirect("sync:webhook", pk=pk)


@require_POST
@revops_only(WHAT)
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Send again."""
    found = get_object_or_404(WebhookEndpoint, pk=pk)
    resume_endpoint(endpoint=found, by=signed_in(request))
    if found.state == WebhookEndpoint.State.DISABLED:
        messages.success(
            request, "Active again. What happened while it was disabled is sent if you replay it."
        )
    else:
        messages.success(request, "Active again. What waited is sent first.")
    return redirect("sync:webhook", pk=pk)


@require_POST
@revops_only(WHAT)
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send an event that says nothing, and show what comes of it."""
    found = get_object_or_404(WebhookEndpoint, pk=pk)
    if found.state != WebhookEndpoint.State.ACTIVE:
        messages.warning(request, "Only an active endpoint is sent anything: resume it first.")
        return redirect("sync:webhook", pk=pk)
    return redirect("sync:delivery", pk=send_test(endpoint=found).pk)


@require_POST
@revops_only(WHAT)
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what sending everything since a time again would do, then do it on ``confirm``."""
    found = get_object_or_404(WebhookEndpoint, pk=pk)
    form = ReplayForm(request.POST)
    if not form.is_valid():
        return _endpoint_page(request, found, form, status=422)
    since = form.cleaned_data["since"]
    if "confirm" not in request.POST:
        logged = found.deliveries.filter(happened_at__gte=since)
        context = {"endpoint": found, "form": form, "since": since, "logged": logged.count()}
        return render(request, "sync/webhooks/replay.html", context)
    try:
        replay_webhooks.delay(found.pk, since.isoformat())
    except OperationalError:
        messages.error(request, "The workers can't be reached, so nothing is replayed. Try again shortly.")
    else:
        moment = timezone.localtime(since)
        when = f"{format_date(moment.date())}, {moment:%H:%M}"
        messages.success(request, f"Everything since {when} is on its way again, in order.")
    return redirect("sync:webhook", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
@recorded
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, with what would be lost, then remove an endpoint."""
    found = get_object_or_404(WebhookEndpoint, pk=pk)
    if request.method == "POST":
        delete_endpoint(endpoint=found)
        messages.success(request, f"{found.name} is removed.")
        return redirect("sync:webhooks")
    waiting = found.deliveries.filter(state=WebhookDelivery.State.WAITING).count()
    return render(request, "sync/webhooks/delete.html", {"endpoint": found, "waiting": waiting})


def _endpoint_page(
    request: HttpRequest, found: WebhookEndpoint, form: ReplayForm, *, status: int = 200
) -> HttpResponse:
    filters = DeliveryFilters.from_params(request.GET)
    rows = filters.narrow(WebhookDelivery.objects.filter(endpoint=found).defer("body", "response_body"))
    if asked_format(request):
        return export_response(request, deliveries_table(rows.order_by("-pk")))
    context = {
        "endpoint": found,
        "kinds": kinds_of(found),
        "filters": filters,
        "chips": filters.chips(request),
        "clear_url": request.path if filters.is_any else "",
        "page": read_page(request, rows, ("-pk",)),
        "states": STATES.items(),
        "all_kinds": [kind.key for kind in sorted_kinds()],
        "replay_form": form,
        "keep_days": settings.WEBHOOKS_KEEP_DAYS,
    }
    return render(request, "sync/webhooks/endpoint.html", context, status=status)


def _show_secret(request: HttpRequest, issued: Issued, what: str) -> HttpResponse:
    context = {"endpoint": issued.endpoint, "secret": issued.secret, "what": what}
    return render(request, "sync/webhooks/secret.html", context)
