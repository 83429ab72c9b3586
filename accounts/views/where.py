"""The condition of the account list: its editor, and the schema of conditions."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.conditions.custom import allowed_fields
from accounts.conditions.expression import EVERYONE, condition_text
from accounts.conditions.forms import ConditionForm
from accounts.conditions.schema import condition_schema
from accounts.listing.spec import WHERE
from accounts.views.listing import listing_of
from common.htmx import render_page
from people.access import request_access, require
from people.models import Category

# Web servers take addresses up to 4,094 bytes, and a filter may still be added.
LONGEST_ADDRESS = 3500


@require_http_methods(["GET", "HEAD", "POST"])
def edit_where(request: HttpRequest) -> HttpResponse:
    """Edit ``?where=`` of the list; every other parameter of the list is carried along."""
    listing = listing_of(request)
    url = f"{reverse('accounts:where')}?{request.GET.urlencode()}"
    is_sent = request.method == "POST"
    form = ConditionForm(
        request.POST if is_sent else None,
        text=request.GET.get(WHERE, ""),
        prefix=WHERE,
        url=url,
        access=listing.access,
    )
    if is_sent and not form.is_edit and form.is_valid() and form.condition is not None:
        is_everyone = form.condition == EVERYONE
        address = listing.url(where=None if is_everyone else condition_text(form.condition))
        if len(address) <= LONGEST_ADDRESS:
            return HttpResponseRedirect(f"{reverse('accounts:list')}{address}")
        form.refuse_whole("The condition is too long for an address. Use fewer lines or shorter lists.")
    context = {
        "editor": form,
        "back_url": f"{reverse('accounts:list')}{listing.url()}",
        "drop_url": f"{reverse('accounts:list')}{listing.url(where=None)}" if listing.where else "",
    }
    return render_page(request, "accounts/where.html", "components/condition_editor.html", context)


@require_safe
def schema(request: HttpRequest) -> JsonResponse:
    """Give the JSON schema of the conditions that this reader may write."""
    access = request_access(request)
    require(access, Category.ACCOUNT_PROFILE)
    return JsonResponse(condition_schema(allowed_fields(access)), json_dumps_params={"indent": 2})
