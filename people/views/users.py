"""Users, for RevOps: who may sign in, with which function."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.export import asked_format, export_response
from common.pagination import read_page
from people.absences.rota import Rota
from people.directory import STATUSES, Search, users_table
from people.forms import NewUserForm, UserForm
from people.functions import Function
from people.guards import revops_only, signed_in
from people.history import user_history
from people.models import User
from people.services import change_user, create_user, remove_two_step, set_password

HAND_OVER = "Hand over the password in person or by phone; they can change it in their settings."
NOT_YET = "They have no password yet: single sign-on lets them in, or “Forgot it?” at sign-in."
FIELDS = ("name", "email", "function", "title", "time_zone", "is_active")


@require_safe
@revops_only("The list of users")
def users(request: HttpRequest) -> HttpResponse:
    """List people by name, function or last sign-in; ``?q=``, ``?function=`` and ``?status=`` narrow it."""
    search = Search.from_params(request.GET)
    if asked_format(request):
        return export_response(request, users_table(search))
    page, rota = read_page(request, search.find(), search.order), Rota.read()
    context = {
        "page": page,
        "people": [(person, rota.told(person.pk)) for person in page.rows],
        "search": search,
        "sort": search.sort,
        "functions": Function.choices,
        "statuses": STATUSES,
    }
    return render(request, "people/users.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@revops_only("Creating users")
def new_user(request: HttpRequest) -> HttpResponse:
    """Give a person access."""
    form = NewUserForm(request.POST or None, initial={"time_zone": signed_in(request).time_zone})
    if form.is_valid():
        try:
            user = create_user(**form.cleaned_data, by=signed_in(request))
        except ValidationError as error:
            form.add_errors(error)
        else:
            ending = HAND_OVER if user.has_usable_password() else NOT_YET
            messages.success(request, f"{user} can sign in as {user.email}. {ending}")
            return redirect("people:users")
    return render(request, "people/user_new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only("Changing users")
def edit_user(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a person's function, title or access."""
    user = get_object_or_404(User, pk=pk)
    initial = {name: getattr(user, name) for name in FIELDS}
    form = UserForm(request.POST or None, initial=initial, user=user)
    if form.is_valid():
        try:
            changed = change_user(user=user, by=signed_in(request), **form.cleaned_data)
        except ValidationError as error:
            form.add_errors(error)
        else:
            messages.success(request, f"{changed} is saved. It holds from their next page.")
            # Whoever just left RevOps may not look at this page any more.
            return redirect("people:me") if _has_left(request, changed) else redirect("people:user", pk=pk)
    context = {
        "form": form,
        "person": user,
        "is_self": user.pk == request.user.pk,
        "away": Rota.read().told(user.pk),
        "two_step": Authenticator.objects.filter(user=user).exists(),
        "history": user_history(user),
    }
    return render(request, "people/user.html", context, status=422 if form.is_bound else 200)


@require_POST
@never_cache
@revops_only("Setting passwords")
def reset_password(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a person a new password and show it this once."""
    user = get_object_or_404(User, pk=pk)
    if user.pk == request.user.pk:
        return redirect("account_change_password")
    password = set_password(user=user)
    return render(request, "people/user_password.html", {"person": user, "password": password})


@require_POST
@revops_only("Turning off two-step sign-in")
def reset_two_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a person who lost their phone sign in with the password alone."""
    user = get_object_or_404(User, pk=pk)
    if user.pk == request.user.pk:
        return redirect("mfa_index")
    remove_two_step(user=user)
    messages.success(request, f"{user} signs in with the password alone until they turn it on again.")
    return redirect("people:user", pk=pk)


def _has_left(request: HttpRequest, changed: User) -> bool:
    return changed.pk == request.user.pk and changed.function != Function.REVOPS
