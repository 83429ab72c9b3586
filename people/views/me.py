"""One's own settings."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from people.access import request_access
from people.forms import ProfileForm
from people.guards import is_revops, signed_in, whom_to_ask
from people.models import Category, Level
from people.notices.preferences import WEEKDAYS, wish_of
from people.notices.topics import optional_topics
from people.services import change_profile


@require_http_methods(["GET", "HEAD", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    """Show and change what people keep about themselves; what RevOps keeps is shown with whom to ask."""
    user = signed_in(request)
    initial = {"name": user.name, "title": user.title, "time_zone": user.time_zone}
    form = ProfileForm(request.POST or None, initial=initial, user=user)
    if form.is_valid():
        try:
            change_profile(user=user, **form.cleaned_data)
        except ValidationError as error:
            form.add_errors(error)
        else:
            messages.success(request, "Your settings are saved.")
            return redirect("people:me")
    access = request_access(request)
    context = {
        "form": form,
        "two_step": Authenticator.objects.filter(user=user).exists(),
        "mine": [
            (level, [category.label for category in Category if access.levels.get(category) == level])
            for level in reversed(Level)
        ],
        "mails": [(topic, *wish_of(user, topic)) for topic in optional_topics()],
        "weekdays": list(enumerate(WEEKDAYS)),
        "whom_to_ask": "" if is_revops(request) else whom_to_ask(),
    }
    return render(request, "people/me.html", context, status=422 if form.is_bound else 200)
