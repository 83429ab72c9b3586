"""What people are told by mail, and the channels that are told too."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from common.export import Table, asked_format, export_response, table_of
from people.configuration.authors import recorded
from people.functions import Function
from people.guards import revops_only, signed_in
from people.models import NoticeChannel
from people.notices.channels import remove_channel, save_channel, switch_channel, test_channel
from people.notices.forms import ChannelForm
from people.notices.preferences import WEEKDAYS, change_wish
from people.notices.topics import optional_topics, topics

WHAT = "Telling channels of Slack"


@require_POST
def mails(request: HttpRequest) -> HttpResponse:
    """Keep which mails the reader wants."""
    user = signed_in(request)
    for topic in optional_topics():
        given = request.POST.get(f"weekday-{topic.key}", "0")
        try:
            change_wish(
                user=user,
                topic=topic.key,
                is_wanted=f"wanted-{topic.key}" in request.POST,
                weekday=int(given) if given.isascii() and given.isdigit() and len(given) == 1 else -1,
            )
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect("people:me")
    messages.success(request, "Your mails are as you want them.")
    return redirect("people:me")


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
@recorded
def channels(request: HttpRequest) -> HttpResponse:
    """List the channels, and add one."""
    form = ChannelForm(
        request.POST if request.method == "POST" else None,
        initial={"time_zone": signed_in(request).time_zone},
    )
    if form.is_valid() and _saved(request, form, None):
        messages.success(request, "The channel is added. Send a test to see whether it arrives.")
        return redirect("people:channels")
    held = list(NoticeChannel.objects.order_by("name"))
    if asked_format(request):
        return export_response(request, _table(held))
    rows = [
        {"channel": channel, "told": _told(channel), "weekday": WEEKDAYS[channel.weekday]} for channel in held
    ]
    status = 422 if form.is_bound else 200
    return render(request, "people/channels.html", {"rows": rows, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@revops_only(WHAT)
@recorded
def channel(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a channel; its address is typed anew or kept, never shown."""
    held = get_object_or_404(NoticeChannel, pk=pk)
    initial = {name: getattr(held, name) for name in ("name", "function", "topics", "weekday", "time_zone")}
    form = ChannelForm(request.POST if request.method == "POST" else None, initial=initial, channel=held)
    if form.is_valid() and _saved(request, form, held):
        messages.success(request, f"{form.cleaned_data['name']} is saved.")
        return redirect("people:channels")
    return render(
        request, "people/channel.html", {"form": form, "channel": held}, status=422 if form.is_bound else 200
    )


@require_POST
@revops_only(WHAT)
@recorded
def channel_act(request: HttpRequest, pk: int) -> HttpResponse:
    """Test, pause, resume or remove a channel, as ``act`` says."""
    held = get_object_or_404(NoticeChannel, pk=pk)
    by = signed_in(request)
    act = request.POST.get("act", "")
    if act == "test":
        test_channel(channel=held, by=by)
        messages.success(
            request, f"A test is on its way to {held}. Come back in a minute to see whether it arrived."
        )
    elif act in ("pause", "resume"):
        switch_channel(channel=held, is_active=act == "resume", by=by)
        messages.success(
            request, f"{held} is {'told again' if act == 'resume' else 'paused; what it is told waits'}."
        )
    elif act == "remove":
        remove_channel(channel=held, by=by)
        messages.success(request, f"{held} is removed, and its address forgotten.")
    return redirect("people:channels")


def _saved(request: HttpRequest, form: ChannelForm, held: NoticeChannel | None) -> bool:
    try:
        save_channel(**form.cleaned_data, by=signed_in(request), channel=held)
    except ValidationError as error:
        form.add_errors(error)
        return False
    return True


def _told(channel: NoticeChannel) -> str:
    return ", ".join(found.label or found.key for key in channel.topics if (found := topics.get(key)))


def _state(channel: NoticeChannel) -> str:
    if not channel.is_active:
        return "Paused"
    return "Failing" if channel.failed_at else "Works" if channel.succeeded_at else "Not tried yet"


def _table(held: list[NoticeChannel]) -> Table:
    columns: list[tuple[str, str, Any]] = [
        ("name", "Channel", lambda row: row.name),
        ("host", "Host", lambda row: row.host),
        ("function", "Reads as", lambda row: Function(row.function).label),
        ("topics", "Told of", _told),
        ("weekday", "Weekly on", lambda row: WEEKDAYS[row.weekday]),
        ("time_zone", "Time zone", lambda row: row.time_zone),
        ("state", "State", _state),
        ("succeeded_at", "Last told", lambda row: row.succeeded_at),
        ("error", "What went wrong", lambda row: row.error),
    ]
    return table_of("channels", held, columns)
