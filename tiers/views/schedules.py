"""Scheduling a version, on the preview that it was decided on, and taking that back."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.lists.opening import id_of
from common.formatting import format_date
from common.versions.errors import VersionChangedError
from people.guards import revops_only, signed_in
from tiers.content import RuleSetError, read_content
from tiers.draft_forms import ScheduleForm
from tiers.scheduled.renewing import decide_on_renewed
from tiers.services import schedule_rule_set, unschedule_rule_set
from tiers.views.versions import WHAT, rule_set_of, version_page


@require_POST
@revops_only(WHAT)
def schedule(request: HttpRequest, version: int) -> HttpResponse:
    """Let a draft come into force on a day, as the preview shows that the page named."""
    found = rule_set_of(request, version)
    form = ScheduleForm(request.POST, auto_id="schedule_%s")
    meanwhile = None
    if form.is_valid():
        try:
            schedule_rule_set(
                rule_set=found,
                by=signed_in(request),
                expected=request.POST.get("seen", ""),
                starts_on=form.cleaned_data["starts_on"],
                previewed=found.previews.filter(pk=id_of(request.POST.get("previewed", "")) or 0).first(),
                if_changed=form.cleaned_data["if_changed"],
            )
        except VersionChangedError as error:
            meanwhile = error
        except RuleSetError as error:
            form.add_error(None, str(error))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            day = format_date(form.cleaned_data["starts_on"])
            messages.success(request, f"{found} comes into force on {day}.")
            return redirect("tiers:version", version)
    found.refresh_from_db()
    return version_page(request, found, read_content(found), status=422, schedule=form, meanwhile=meanwhile)


@require_POST
@revops_only(WHAT)
def unschedule(request: HttpRequest, version: int) -> HttpResponse:
    """Make a scheduled version a draft again."""
    found = rule_set_of(request, version)
    try:
        unschedule_rule_set(rule_set=found, by=signed_in(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"{found} is a draft again.")
    return redirect("tiers:version", version)


@require_POST
@revops_only(WHAT)
def decide(request: HttpRequest, version: int) -> HttpResponse:
    """Let a scheduled version wait on the newer preview."""
    found = rule_set_of(request, version)
    run = found.previews.filter(pk=id_of(request.POST.get("renewed", "")) or 0).first()
    if run is None:
        messages.error(request, "That preview is gone. Look at the newest one.")
        return redirect("tiers:version", version)
    try:
        decide_on_renewed(rule_set=found, by=signed_in(request), run=run)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"{found} does on its day what the newer preview shows.")
    return redirect("tiers:version", version)
