"""Addresses of support."""

from django.urls import include, path

from support.views import calendars, tickets

support = [
    path("support/tickets/<int:pk>/", tickets.ticket, name="ticket"),
    path("support/calendars/", calendars.calendars, name="calendars"),
    path("support/calendars/new/", calendars.calendar_new, name="calendar_new"),
    path("support/calendars/<int:pk>/", calendars.calendar, name="calendar"),
    path("support/calendars/<int:pk>/change/", calendars.calendar_change, name="calendar_change"),
    path("support/calendars/<int:pk>/name/", calendars.calendar_name, name="calendar_name"),
    path("support/calendars/<int:pk>/act/", calendars.calendar_act, name="calendar_act"),
]

urlpatterns = [path("", include((support, "support")))]
