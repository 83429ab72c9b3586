"""Addresses below ``/sync/connections/``."""

from django.urls import path

from sync.views.connections import actions, objects, pages

urlpatterns = [
    path("", pages.connections, name="connections"),
    path("new/", pages.choose_connector, name="connection_new"),
    path("new/<slug:kind>/", pages.new_connection, name="connection_new_kind"),
    path("<int:pk>/", pages.connection, name="connection"),
    path("<int:pk>/settings/", pages.edit_connection, name="connection_settings"),
    path("<int:pk>/schedule/", actions.schedule, name="connection_schedule"),
    path("<int:pk>/test/", actions.test, name="connection_test"),
    path("<int:pk>/start/", actions.start, name="connection_start"),
    path("<int:pk>/pause/", actions.pause, name="connection_pause"),
    path("<int:pk>/run/", actions.run, name="connection_run"),
    path("<int:pk>/delete/", actions.delete, name="connection_delete"),
    path("<int:pk>/runs/<int:run>/", pages.connector_run, name="connector_run"),
    path("<int:pk>/objects/<slug:key>/", objects.connected_object, name="connected_object"),
    path("<int:pk>/objects/<slug:key>/fields/", objects.read_fields, name="connected_object_fields"),
    path("<int:pk>/objects/<slug:key>/reset/", objects.reset, name="connected_object_reset"),
]
