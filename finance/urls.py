"""Addresses of finance."""

from django.urls import include, path

from finance.views import contracts

finance = [
    path("contracts/", contracts.contracts, name="contracts"),
    path("contracts/<int:pk>/", contracts.contract, name="contract"),
    path("contracts/renewals/", contracts.renewals, name="renewals"),
]

urlpatterns = [path("", include((finance, "finance")))]
