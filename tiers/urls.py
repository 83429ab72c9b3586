"""Addresses of tiers."""

from django.urls import include, path

from tiers.views import account

tiers = [
    path("accounts/<int:pk>/", account.account, name="account"),
    path("accounts/<int:pk>/decide/", account.decide, name="decide"),
    path("accounts/<int:pk>/overrides/<int:override>/end/", account.end, name="end_override"),
]

urlpatterns = [path("tiers/", include((tiers, "tiers")))]
