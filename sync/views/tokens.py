"""Tokens: who may call the API, with which scopes and whose eyes."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from common.export import Offer, asked_format, chosen_table, export_response
from people.configuration.authors import recorded
from people.guards import revops_only
from sync.forms import LimitForm, TokenForm
from sync.listing import oauth_clients, source_choices, tokens_by_client
from sync.models import ApiToken
from sync.services import issue_credential, issue_token, limit_token, revoke_token
from sync.tables import clients_table, tokens_table
from sync.views.clients import show_credential
from sync.views.example import token_example

WHAT = "The list of API tokens"


@require_safe
@revops_only(WHAT)
def tokens(request: HttpRequest) -> HttpResponse:
    """List the tokens that work, then those that ended."""
    live, ended = tokens_by_client(live=True), tokens_by_client(live=False)
    clients = oauth_clients()
    exports = [
        Offer("tokens", "Tokens", tokens_table),
        *([Offer("clients", "OAuth clients", clients_table)] if clients else []),
    ]
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    context = {
        "exports": exports,
        "live": live,
        "ended": ended,
        "clients": clients,
        "now": timezone.now(),
    }
    return render(request, "sync/tokens.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@revops_only("Issuing API tokens")
@recorded
def new_token(request: HttpRequest) -> HttpResponse:
    """Issue a token or an OAuth client and show its secret this once."""
    form = TokenForm(request.POST or None, initial={"source": request.GET.get("source", "")[:64]})
    if form.is_valid():
        given = dict(form.cleaned_data)
        is_client = given.pop("kind") == "client"
        try:
            if is_client:
                del given["days"]
                return show_credential(request, issue_credential(**given))
            issued = issue_token(**given)
        except ValidationError as error:
            form.add_errors(error)
        else:
            slug = issued.token.client.source.slug
            context = {
                "token": issued.token,
                "secret": issued.secret,
                "curl": token_example(request, source=slug, secret=issued.secret, scopes=issued.token.scopes),
            }
            return render(request, "sync/token_issued.html", context)
    context = {"form": form, "sources": source_choices()}
    return render(request, "sync/token_new.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only("Limiting API tokens")
@recorded
def limit(request: HttpRequest, pk: int) -> HttpResponse:
    """Set how many calls a minute a token may make."""
    token = get_object_or_404(ApiToken.objects.select_related("client__source"), pk=pk, credential=None)
    form = LimitForm(request.POST or None, initial={"rate": token.rate})
    if request.method == "POST" and form.is_valid():
        limit_token(token=token, rate=form.cleaned_data["rate"])
        messages.success(request, f"The limit of {token} holds from its next call on.")
        return redirect("sync:tokens")
    context = {"form": form, "title": str(token), "noun": "token"}
    return render(request, "sync/limit.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only("Revoking API tokens")
@recorded
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, with what would stop working, then end a token."""
    token = get_object_or_404(ApiToken.objects.select_related("client__source"), pk=pk)
    if token.revoked_at is not None:
        messages.info(request, f"{token} was revoked already.")
        return redirect("sync:tokens")
    if request.method == "POST":
        revoke_token(token=token)
        messages.success(request, f"{token} is revoked: its next call is answered with 401.")
        return redirect("sync:tokens")
    return render(request, "sync/token_revoke.html", {"token": token})
