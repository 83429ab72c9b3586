"""The page behind a link in a mail: shows the question, and records the answer when the button is pressed.

Opening it records nothing, since mail scanners open every link.
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from common.formatting import format_datetime
from people.links.views import for_anybody
from pods.surveys.forms import AnswerForm
from pods.surveys.models import SurveyRequest
from pods.surveys.registry import survey_kinds
from pods.surveys.services import EndedError, record_answer
from pods.surveys.tokens import Refused, read_token
from sync.own import OwnRecordsError

WRONG = (
    "This link is not complete",
    "A letter of it is missing or was changed on the way. Open it from the mail again, or copy all of it.",
)
EXPIRED = (
    "This link has expired",
    "It is too late to answer by it. If you want to tell us something all the same, reply to the mail it came in.",
)
WITHDRAWN = (
    "We took this question back",
    "There is nothing for you to do. If you want to tell us something all the same, reply to the mail it came in.",
)
GONE = (
    "Your answer could not be kept",
    "What we asked about is no longer there. To tell us something all the same, reply to the mail it came in.",
)


# A form's own page must say where its answer comes from, or no browser would be let through.
@for_anybody(referrer="same-origin")
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Show the question that a token opens, with ``?rating=`` chosen; record its answer when it is sent."""
    code = read_token(token)
    if isinstance(code, Refused):
        return _closed(request, EXPIRED, 410) if code is Refused.EXPIRED else _closed(request, WRONG, 404)
    asked = SurveyRequest.objects.filter(code=code, account__deleted_at=None).first()
    if asked is None or asked.kind not in survey_kinds:
        return _closed(request, GONE, 410)
    if request.method == "POST":
        return _record(request, asked)
    ended = _ended(request, asked)
    return ended or _question(request, asked, AnswerForm(kind=survey_kinds[asked.kind], chosen=request.GET))


def _record(request: HttpRequest, asked: SurveyRequest) -> HttpResponse:
    form = AnswerForm(request.POST, kind=survey_kinds[asked.kind])
    if not form.is_valid():
        return _ended(request, asked) or _question(request, asked, form, status=422)
    try:
        record_answer(request=asked, rating=form.cleaned_data["rating"], comment=form.cleaned_data["comment"])
    except EndedError as error:
        ended = _ended(request, error.request, was_sent=True)
        assert ended is not None
        return ended
    except OwnRecordsError:
        return _closed(request, GONE, 410)
    except ValidationError as error:
        form.add_error(None, error)
        return _question(request, asked, form, status=422)
    # Loading the next page again sends nothing.
    return redirect(request.path)


def _ended(request: HttpRequest, asked: SurveyRequest, *, was_sent: bool = False) -> HttpResponse | None:
    """Return the page of a question that takes no answer, None of one that does."""
    if asked.state == SurveyRequest.State.ANSWERED:
        assert asked.answered_at is not None
        context = {"when": format_datetime(asked.answered_at), "was_sent": was_sent}
        return render(request, "pods/surveys/thanks.html", context, status=409 if was_sent else 200)
    if asked.state == SurveyRequest.State.WITHDRAWN:
        return _closed(request, WITHDRAWN, 410)
    return _closed(request, EXPIRED, 410) if asked.state == SurveyRequest.State.EXPIRED else None


def _question(
    request: HttpRequest, asked: SurveyRequest, form: AnswerForm, status: int = 200
) -> HttpResponse:
    kind = survey_kinds[asked.kind]
    context = {
        "kind": kind,
        "question": kind.question(asked.about),
        "form": form,
        "company": settings.COMPANY,
    }
    return render(request, "pods/surveys/answer.html", context, status=status)


def _closed(request: HttpRequest, told: tuple[str, str], status: int) -> HttpResponse:
    title, detail = told
    return render(request, "pods/surveys/closed.html", {"title": title, "detail": detail}, status=status)
