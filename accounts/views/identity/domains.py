"""The list of domains that many companies share."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.identity.domains import normalise_domain
from accounts.identity.models import SharedDomain
from accounts.identity.services import share_domain, unshare_domain
from accounts.identity.tables import domains_table
from accounts.views.identity.queue import tab_counts
from common.export import asked_format, export_response
from common.pagination import read_page
from people.configuration.authors import recorded
from people.guards import revops_only, signed_in

WHAT = "The list of shared domains"


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
@recorded
def domains(request: HttpRequest) -> HttpResponse:
    """List shared domains; add one on POST."""
    typed = request.POST.get("domain", "")
    error = ""
    if request.method == "POST":
        try:
            domain = normalise_domain(typed.replace("\x00", ""))
        except ValueError:
            domain = ""
        if domain:
            share_domain(domain=domain, by=signed_in(request))
            messages.success(request, f"{domain} no longer tells companies apart.")
            return redirect("accounts:domains")
        error = "This is no domain. Type one such as gmail.com."
    wanted = request.GET.get("q", "").strip().replace("\x00", "")[:255]
    found = SharedDomain.objects.select_related("added_by").filter(domain__icontains=wanted)
    if request.method != "POST" and asked_format(request):
        return export_response(request, domains_table(found.order_by("domain")))
    context = {
        "page": read_page(request, found, ("domain",)),
        "total": SharedDomain.objects.count(),
        "wanted": wanted,
        "typed": typed,
        "error": error,
        "tab": "domains",
        "counts": tab_counts(),
        "can_decide": True,
    }
    return render(request, "accounts/identity/domains.html", context, status=422 if error else 200)


@require_POST
@revops_only(WHAT)
@recorded
def remove_domain(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a domain tell companies apart again."""
    domain = get_object_or_404(SharedDomain, pk=pk)
    unshare_domain(domain=domain)
    messages.success(request, f"{domain.domain} tells companies apart again.")
    return redirect("accounts:domains")
