"""Addresses of support."""

from django.urls import include, path

from support.views import (
    calendars,
    escalations,
    policies,
    policy_drafts,
    policy_previews,
    queue,
    reports,
    routing,
    teams,
    tickets,
    worktime,
)

support = [
    path("support/queue/", queue.queue, name="queue"),
    path("support/queue/board/", queue.queue_board, name="queue_board"),
    path("support/queue/give/", queue.queue_give, name="queue_give"),
    path("support/tickets/<int:pk>/", tickets.ticket, name="ticket"),
    path("support/attainment/", reports.attainment, name="attainment"),
    path("support/tickets/<int:pk>/time/", worktime.ticket_time, name="ticket_time"),
    path("support/tickets/<int:pk>/time/<int:entry>/", worktime.ticket_time_entry, name="ticket_time_entry"),
    path("support/tickets/<int:pk>/story/", tickets.ticket_story, name="ticket_story"),
    path("support/calendars/", calendars.calendars, name="calendars"),
    path("support/calendars/new/", calendars.calendar_new, name="calendar_new"),
    path("support/calendars/<int:pk>/", calendars.calendar, name="calendar"),
    path("support/calendars/<int:pk>/change/", calendars.calendar_change, name="calendar_change"),
    path("support/calendars/<int:pk>/name/", calendars.calendar_name, name="calendar_name"),
    path("support/calendars/<int:pk>/act/", calendars.calendar_act, name="calendar_act"),
    path("support/policies/", policies.policies, name="policies"),
    path("support/policies/<int:version>/", policies.policy_version, name="policy_version"),
    path("support/policies/<int:version>/do/", policy_drafts.policy_act, name="policy_act"),
    path("support/policies/<int:version>/edit/", policy_drafts.policy_edit, name="policy_edit"),
    path("support/policies/<int:version>/edit/new/", policy_drafts.policy_part, name="policy_part_new"),
    path("support/policies/<int:version>/edit/<int:place>/", policy_drafts.policy_part, name="policy_part"),
    path("support/policies/<int:version>/publish/", policy_drafts.policy_publish, name="policy_publish"),
    path("support/escalations/", escalations.escalations, name="escalations"),
    path(
        "support/escalations/<int:pk>/acknowledge/",
        escalations.escalation_acknowledge,
        name="escalation_acknowledge",
    ),
    path("support/escalations/ladder/", escalations.ladder, name="ladder"),
    path("support/escalations/ladder/edit/", escalations.ladder_edit, name="ladder_edit"),
    path("support/routing/", routing.routing, name="routing"),
    path("support/tickets/<int:pk>/routing/", routing.ticket_routing, name="ticket_routing"),
    path("support/accounts/<int:pk>/engineers/", routing.account_engineers, name="account_engineers"),
    path("support/teams/", teams.teams, name="teams"),
    path("support/teams/new/", teams.team_new, name="team_new"),
    path("support/teams/<int:pk>/", teams.team, name="team"),
    path("support/teams/<int:pk>/change/", teams.team_change, name="team_change"),
    path("support/teams/<int:pk>/delete/", teams.team_delete, name="team_delete"),
    path("support/teams/<int:pk>/members/", teams.team_members, name="team_members"),
    path("support/teams/<int:pk>/members/<int:member>/out/", teams.team_member_out, name="team_member_out"),
    path(
        "support/policies/<int:version>/preview/",
        policy_previews.policy_preview_new,
        name="policy_preview_new",
    ),
    path("support/policies/previews/<int:pk>/", policy_previews.policy_preview, name="policy_preview"),
    path(
        "support/policies/previews/<int:pk>/cancel/",
        policy_previews.policy_preview_cancel,
        name="policy_preview_cancel",
    ),
]

urlpatterns = [path("", include((support, "support")))]
