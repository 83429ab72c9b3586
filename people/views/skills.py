"""Skills: the vocabulary, and who has which."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.export import Table, asked_format, export_response, table_of
from people.configuration.authors import recorded
from people.guards import signed_in
from people.models import PersonSkill, Skill, User
from people.skills.forms import SkillForm, SkillsForm
from people.skills.services import EDITORS, REFUSED, change_skill, create_skill, delete_skill, set_skills

SHOWS = {"skills": "Skills", "people": "People"}
SHOWN_AT_MOST = 200
LARGEST_ID = 2**63 - 1
CHUNK = 1000


@require_safe
def skills(request: HttpRequest) -> HttpResponse:
    """List the skills with who has them, or people with what they can do."""
    user = signed_in(request)
    show = "people" if request.GET.get("show") == "people" else "skills"
    text = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    if asked_format(request):
        return export_response(
            request, _people_table(_people(text)) if show == "people" else _skills_table(_skills())
        )
    rows = list((_people(text) if show == "people" else _skills())[: SHOWN_AT_MOST + 1])
    context = {
        "rows": rows[:SHOWN_AT_MOST],
        "has_more": len(rows) > SHOWN_AT_MOST,
        "shows": SHOWS,
        "search": {"show": show},
        "text": text,
        "may_write": user.function in EDITORS,
    }
    return render(request, "people/skills.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@recorded
def skill_new(request: HttpRequest) -> HttpResponse:
    """Add a skill to the vocabulary."""
    _refuse_others(request)
    form = SkillForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_skill(**form.cleaned_data, by=signed_in(request))
        except ValidationError as error:
            form.add_errors(error)
        else:
            messages.success(request, f"{made} is a skill now.")
            return redirect("people:skills")
    context = {"form": form, "skill": None}
    return render(request, "people/skill.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@recorded
def skill(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a skill another name or kind."""
    _refuse_others(request)
    held = get_object_or_404(Skill, pk=min(pk, LARGEST_ID))
    form = SkillForm(
        request.POST if request.method == "POST" else None, initial={"name": held.name, "kind": held.kind}
    )
    if request.method == "POST" and form.is_valid():
        try:
            change_skill(skill=held, **form.cleaned_data, by=signed_in(request))
        except ValidationError as error:
            form.add_errors(error)
        else:
            messages.success(request, "The skill is saved.")
            return redirect("people:skills")
    context = {"form": form, "skill": held}
    return render(request, "people/skill.html", context, status=422 if form.errors else 200)


@require_POST
@recorded
def skill_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a skill out of the vocabulary."""
    held = get_object_or_404(Skill, pk=min(pk, LARGEST_ID))
    try:
        delete_skill(skill=held, by=signed_in(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("people:skill", held.pk)
    messages.success(request, f"{held} is no skill any more.")
    return redirect("people:skills")


@require_http_methods(["GET", "HEAD", "POST"])
@recorded
def skills_of(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what a person can do; everybody may say it of themselves."""
    user = signed_in(request)
    person = get_object_or_404(User, pk=min(pk, LARGEST_ID))
    if person.pk != user.pk:
        _refuse_others(request)
    held = PersonSkill.objects.filter(person=person).select_related("skill")
    initial: dict[str, list[str]] = {}
    for row in held:
        initial.setdefault(row.skill.kind, []).append(str(row.skill_id))
    form = SkillsForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        set_skills(person=person, skills=form.chosen(), by=user)
        messages.success(request, f"The skills of {person} are saved.")
        return redirect("people:skills")
    context = {"form": form, "person": person}
    return render(request, "people/skills_of.html", context, status=422 if form.errors else 200)


def _skills() -> QuerySet[Skill]:
    held = (
        PersonSkill.objects.filter(person__is_active=True).select_related("person").order_by("person__name")
    )
    return Skill.objects.prefetch_related(Prefetch("people", held)).order_by("kind", "name")


def _people(text: str) -> QuerySet[User]:
    held = PersonSkill.objects.select_related("skill").order_by("skill__kind", "skill__name")
    found = (
        User.objects.filter(is_active=True).prefetch_related(Prefetch("skills", held)).order_by("name", "pk")
    )
    for word in text.split():
        found = found.filter(Q(name__icontains=word) | Q(email__icontains=word) | Q(title__icontains=word))
    return found


def _skills_table(found: QuerySet[Skill]) -> Table:
    return table_of(
        "skills",
        found,
        [
            ("name", "Skill", lambda each: each.name),
            ("kind", "Kind", lambda each: each.get_kind_display()),
            ("people", "People", lambda each: [str(row.person) for row in each.people.all()]),
        ],
    )


def _people_table(found: QuerySet[User]) -> Table:
    return table_of(
        "people-skills",
        found.iterator(chunk_size=CHUNK),
        [
            ("name", "Name", lambda each: each.name),
            ("email", "Email", lambda each: each.email),
            ("function", "Function", lambda each: each.get_function_display()),
            ("skills", "Skills", lambda each: [str(row.skill) for row in each.skills.all()]),
        ],
    )


def _refuse_others(request: HttpRequest) -> None:
    if signed_in(request).function not in EDITORS:
        raise PermissionDenied(REFUSED)
