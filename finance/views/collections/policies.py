"""Pages of the dunning policy: versions, their stages, a preview of who would be asked, publication."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Tier
from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from common.versions.errors import VersionChangedError
from common.versions.tables import versions_table
from finance.collections.forms import PolicyForm, StageForm, placeholders
from finance.collections.guards import POLICY_MAKERS, for_readers, is_of, only
from finance.collections.policy import (
    Stage,
    content_of,
    policy_differences,
    policy_in_force,
    stage_problems,
    stages_of,
    threshold_words,
)
from finance.collections.policy_services import (
    create_policy_draft,
    cycle,
    discard_policy_draft,
    publish_policy,
    retire_policy,
    save_policy_draft,
)
from finance.collections.preview import ANCIENT_DAYS, changes_table, changes_under, sample_letter
from finance.models import DunningPolicy
from metrics.engine.plan import today
from people.guards import signed_in

EDITING = "Changing the dunning policy"
State = DunningPolicy.State
SHOWN = 200


@require_safe
@for_readers
def policy(request: HttpRequest) -> HttpResponse:
    """Show the version in force, else the newest one."""
    held = policy_in_force() or DunningPolicy.objects.newest_first().first()
    if held is None:
        raise Http404("There is no dunning policy yet.")
    return _show(request, _version(held.version))


@require_safe
@for_readers
def version(request: HttpRequest, version: int) -> HttpResponse:
    """Show any version; a draft comes with its form."""
    return _show(request, _version(version))


@require_POST
@only(POLICY_MAKERS, EDITING)
def save(request: HttpRequest, version: int) -> HttpResponse:
    """Save a draft's tiers and note, and with the same form remove a stage (``remove``, its place from 1)."""
    held = _version(version)
    form = PolicyForm(request.POST)
    if not form.is_valid():
        return _show(request, held, form=form, status=422)
    stages = stages_of(held)
    gone = request.POST.get("remove", "")
    if gone.isascii() and gone.isdigit() and len(gone) < 4 and 1 <= int(gone) <= len(stages):
        stages.pop(int(gone) - 1)
    try:
        save_policy_draft(
            policy=held,
            by=signed_in(request),
            stages=stages,
            tiers=form.cleaned_data["tiers"],
            note=form.cleaned_data["note"],
            expected=request.POST.get("seen", ""),
        )
    except VersionChangedError as error:
        return _show(request, _again(version), form=form, meanwhile=error, status=409)
    except ValidationError as error:
        form.refuse(error)
        return _show(request, held, form=form, status=422)
    messages.success(request, "The stage is removed from the draft." if gone else "The draft is saved.")
    return redirect("finance:dunning_version", version)


@require_http_methods(["GET", "HEAD", "POST"])
@only(POLICY_MAKERS, EDITING)
def stage(request: HttpRequest, version: int, place: int | None = None) -> HttpResponse:
    """Add a stage to a draft or change one; ``place`` counts from 1."""
    held = _version(version)
    stages = stages_of(held)
    if not held.is_draft or (place is not None and not 1 <= place <= len(stages)):
        raise Http404("This draft has no such stage.")
    index = place - 1 if place else len(stages)
    form, status = StageForm.of(stages[index] if place else None), 200
    meanwhile: VersionChangedError | None = None
    if request.method == "POST":
        form, status = StageForm(request.POST), 422
        if form.is_valid():
            try:
                _save_stage(request, held, stages, index, form)
            except VersionChangedError as error:
                meanwhile, status = error, 409
            except ValidationError as error:
                form.refuse(error, f"stages.{index}.")
            else:
                messages.success(
                    request, "The stage is saved in the draft. Look at the preview before you publish it."
                )
                return redirect("finance:dunning_version", version)
    context = {
        "policy": held,
        "place": place,
        "form": form,
        "meanwhile": meanwhile,
        "letter": _letter_of(form, stages[index] if place else None),
        "placeholders": placeholders(),
        "seen": request.POST.get("seen", "") if request.method == "POST" else cycle.mark(held),
    }
    return render(request, "finance/collections/stage.html", context, status=status)


@require_safe
@only(POLICY_MAKERS, "The preview of a policy")
def preview(request: HttpRequest, version: int) -> HttpResponse:
    """Show who would be asked what today under a version, against the policy in force."""
    return _preview(request, _version(version))


@require_POST
@only(POLICY_MAKERS, EDITING)
def act(request: HttpRequest, version: int) -> HttpResponse:
    """Do what concerns a whole version: ``do`` is draft, publish, retire or discard."""
    held, by, what = _version(version), signed_in(request), request.POST.get("do", "")
    seen = request.POST.get("seen", "")
    try:
        if what == "draft":
            draft = create_policy_draft(by=by, based_on=held)
            messages.success(
                request, f"Version {draft.version} is a draft. Nothing changes until it is published."
            )
            return redirect("finance:dunning_version", draft.version)
        if what == "publish" and not _agreed_to_ancient(request, held):
            return _preview(request, held, is_unconfirmed=True, status=422)
        if what == "publish":
            publish_policy(policy=held, by=by, expected=seen)
            messages.success(request, f"Version {version} is in force. The next run goes by it.")
        if what == "retire":
            retire_policy(policy=held, by=by, expected=seen)
            messages.success(request, "No policy is in force: nobody is asked.")
        if what == "discard":
            discard_policy_draft(policy=held, by=by)
            messages.success(request, f"The draft, version {version}, is gone.")
            return redirect("finance:dunning_policy")
    except VersionChangedError as error:
        if what == "publish" and not error.is_closed:
            return _preview(request, _again(version), meanwhile=error, status=409)
        messages.error(request, str(error))
        return redirect("finance:dunning_policy")
    except ValidationError as error:
        return _show(request, held, problems=_told(held, error), status=422)
    return redirect("finance:dunning_version", version)


def _agreed_to_ancient(request: HttpRequest, held: DunningPolicy) -> bool:
    """Return whether whoever publishes knows that debts are asked for which are long forgotten, if there are any."""
    if request.POST.get("ancient") == "1":
        return True
    return not any(row.is_ancient for row in changes_under(held, policy_in_force(), today()))


def _save_stage(
    request: HttpRequest, held: DunningPolicy, stages: list[Stage], index: int, form: StageForm
) -> None:
    written = form.stage()
    own = {f"stages.{index}.{name}": [told] for name, told in stage_problems(written)}
    if own:
        raise ValidationError(own)
    save_policy_draft(
        policy=held,
        by=signed_in(request),
        stages=[*stages[:index], written, *stages[index + 1 :]],
        tiers=held.tiers,
        note=held.note,
        expected=request.POST.get("seen", ""),
    )


def _letter_of(form: StageForm, held: Stage | None) -> Any:
    """Return a sample of what the customer reads: of what was typed where that can be filled in, else as saved."""
    written = form.stage() if form.is_bound and form.is_valid() else held
    return sample_letter(written) if written and not list(stage_problems(written)) else None


def _version(number: int) -> DunningPolicy:
    rows = DunningPolicy.objects.select_related("author", "published_by", "retired_by", "based_on")
    found = rows.filter(version=number).first() if number < 2**31 else None
    if found is None:
        raise Http404("There is no such version.")
    return found


def _again(number: int) -> DunningPolicy:
    """Return a version as it is now; it may have been thrown away meanwhile."""
    found = DunningPolicy.objects.filter(version=number).first() or policy_in_force()
    if found is None:
        raise Http404("There is no such version any more.")
    return _version(found.version)


def _show(
    request: HttpRequest,
    held: DunningPolicy,
    *,
    form: PolicyForm | None = None,
    problems: Sequence[str] = (),
    meanwhile: VersionChangedError | None = None,
    status: int = 200,
) -> HttpResponse:
    in_force = policy_in_force()
    versions = list(DunningPolicy.objects.select_related("author", "published_by").newest_first())
    stages = stages_of(held)
    offers = (
        Offer("stages", "Stages", lambda: _stages_table(held, stages)),
        Offer("versions", "Versions", lambda: versions_table("dunning-policy-versions", versions)),
    )
    if asked_format(request) and request.method != "POST":
        return export_response(request, chosen_table(request, offers))
    other = in_force if held.is_draft else cast("DunningPolicy | None", held.based_on)
    labels = dict(Tier.objects.values_list("slug", "label"))
    context = {
        "policy": held,
        "in_force": in_force,
        "stages": [(each, threshold_words(each.thresholds), sample_letter(each)) for each in stages],
        "tiers": [labels.get(slug, slug) for slug in held.tiers],
        "form": form or PolicyForm.of(held),
        "problems": problems,
        "meanwhile": meanwhile,
        "mark": cycle.mark(held),
        "seen": cycle.seen(held),
        "other": other,
        "differences": policy_differences(content_of(other), content_of(held))
        if other and other != held
        else None,
        "versions": versions,
        "may_edit": is_of(request, POLICY_MAKERS),
        "exports": offers,
    }
    return render(request, "finance/collections/policy.html", context, status=status)


def _preview(
    request: HttpRequest,
    held: DunningPolicy,
    *,
    meanwhile: VersionChangedError | None = None,
    is_unconfirmed: bool = False,
    status: int = 200,
) -> HttpResponse:
    in_force = policy_in_force()
    rows = changes_under(held, in_force, today())
    if asked_format(request) and request.method != "POST":
        return export_response(request, changes_table(rows))
    problems: list[str] = []
    try:
        cycle.check(held)
    except ValidationError as error:
        problems = _told(held, error)
    context = {
        "policy": held,
        "in_force": in_force,
        "rows": rows[:SHOWN],
        "has_more": len(rows) > SHOWN,
        "shown": SHOWN,
        "asked": sum(row.after.verdict.is_due for row in rows),
        "asked_now": sum(row.before.verdict.is_due for row in rows),
        "tasks": sum(row.after.verdict.kind == "relationship" for row in rows),
        "changed": sum(row.is_change for row in rows),
        "ancient": sum(row.is_ancient for row in rows),
        "ancient_days": ANCIENT_DAYS,
        "oldest": max((row.after.claim.days_overdue for row in rows if row.is_ancient), default=0),
        "is_unconfirmed": is_unconfirmed,
        "problems": problems,
        "meanwhile": meanwhile,
        "seen": cycle.seen(held),
        "day": today(),
    }
    return render(request, "finance/collections/preview.html", context, status=status)


def _told(held: DunningPolicy, error: ValidationError) -> list[str]:
    names = [each.name for each in stages_of(held)]
    told = []
    for key, found in error.message_dict.items():
        parts = key.split(".")
        lead = f"“{names[int(parts[1])]}”, {parts[2].replace('_', ' ')}: " if len(parts) == 3 else ""
        told += [f"{lead}{problem}" for problem in found]
    return told


def _stages_table(held: DunningPolicy, stages: Sequence[Stage]) -> Table:
    return table_of(
        f"dunning-policy-{held.version}",
        list(enumerate(stages, 1)),
        [
            ("place", "Stage", lambda each: each[0]),
            ("name", "Name", lambda each: each[1].name),
            ("days_overdue", "Days overdue", lambda each: each[1].days_overdue),
            ("attempts", "Attempts", lambda each: each[1].attempts),
            ("delay_days", "Days between", lambda each: each[1].delay_days),
            ("thresholds", "Thresholds", lambda each: threshold_words(each[1].thresholds)),
            ("subject", "Subject", lambda each: each[1].subject),
            ("text", "Text", lambda each: each[1].text),
        ],
    )
