"""Addresses of the pods."""

from django.urls import include, path

from pods.checks import views as checks
from pods.surveys import answering
from pods.surveys import views as surveys
from pods.tasks import views

pods = [
    path("tasks/", views.tasks, name="tasks"),
    path("tasks/<int:pk>/", views.task, name="task"),
    path("tasks/<int:pk>/close/", views.close, name="task_close"),
    path("tasks/<int:pk>/assign/", views.assign, name="task_assign"),
    path("health-checks/", checks.health_checks, name="health_checks"),
    path("health-checks/checklist/", checks.checklist, name="checklist"),
    path("health-checks/<int:pk>/", checks.health_check, name="health_check"),
    path("surveys/", surveys.surveys, name="surveys"),
    path("surveys/rules/", surveys.survey_rules, name="survey_rules"),
    path("surveys/ask/<slug:kind>/<int:pk>/", surveys.survey_ask, name="survey_ask"),
    path("surveys/<int:pk>/withdraw/", surveys.survey_withdraw, name="survey_withdraw"),
    path("surveys/answer/<str:token>/", answering.answer, name="survey_answer"),
]

urlpatterns = [path("", include((pods, "pods")))]
