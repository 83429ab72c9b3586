"""OAuth clients: their secrets, limits and end."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from people.configuration.authors import recorded
from people.guards import revops_only
from sync.forms import LimitForm
from sync.models import ClientCredential
from sync.services import IssuedCredential, limit_credential, revoke_credential, rotate_secret
from sync.views.example import oauth_example

KNOWN = ClientCredential.objects.select_related("client__source")


def show_credential(request: HttpRequest, issued: IssuedCredential) -> HttpResponse:
    """Show a client id and its secret this once."""
    context = {
        "credential": issued.credential,
        "secret": issued.secret,
        "curl": oauth_example(request, key=issued.credential.key, secret=issued.secret),
    }
    return render(request, "sync/client_issued.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@revops_only("Renewing secrets of API clients")
@recorded
def new_secret(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, with what would stop working, then give a client a new secret and show it this once."""
    held = get_object_or_404(KNOWN, pk=pk)
    if request.method == "POST":
        try:
            return show_credential(request, rotate_secret(credential=held))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect("sync:tokens")
    return render(request, "sync/client_secret.html", {"credential": held})


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only("Limiting API clients")
@recorded
def limit(request: HttpRequest, pk: int) -> HttpResponse:
    """Set how many calls a minute all tokens of a client may make together."""
    held = get_object_or_404(KNOWN, pk=pk)
    form = LimitForm(request.POST or None, initial={"rate": held.rate})
    if request.method == "POST" and form.is_valid():
        limit_credential(credential=held, rate=form.cleaned_data["rate"])
        messages.success(request, f"The limit of {held} holds from its next call on.")
        return redirect("sync:tokens")
    context = {"form": form, "title": str(held), "noun": "client"}
    return render(request, "sync/limit.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only("Revoking API clients")
@recorded
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then end a client and every token that it holds."""
    held = get_object_or_404(KNOWN, pk=pk)
    if held.revoked_at is not None:
        messages.info(request, f"{held} was revoked already.")
        return redirect("sync:tokens")
    if request.method == "POST":
        revoke_credential(credential=held)
        messages.success(request, f"{held} is revoked, and so are its tokens.")
        return redirect("sync:tokens")
    return render(request, "sync/client_revoke.html", {"credential": held})
