"""Addresses of the pods."""

from django.urls import include, path

from pods.tasks import views

pods = [
    path("tasks/", views.tasks, name="tasks"),
    path("tasks/<int:pk>/", views.task, name="task"),
    path("tasks/<int:pk>/close/", views.close, name="task_close"),
    path("tasks/<int:pk>/assign/", views.assign, name="task_assign"),
]

urlpatterns = [path("", include((pods, "pods")))]
