"""Whether this installation can work: ``/health/`` asks the database, the cache and the broker."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path
from health_check.views import HealthCheckView

urlpatterns = [
    path(
        "",
        login_not_required(
            HealthCheckView.as_view(checks=["health_check.checks.Database", "health_check.checks.Cache"])
        ),
        name="health",
    )
]
