"""Addresses of finance."""

from django.urls import include, path

from finance.views import contracts, retention

finance = [
    path("contracts/", contracts.contracts, name="contracts"),
    path("contracts/<int:pk>/", contracts.contract, name="contract"),
    path("contracts/renewals/", contracts.renewals, name="renewals"),
    path("finance/retention/", retention.retention, name="retention"),
    path("finance/retention/accounts/", retention.retention_accounts, name="retention_accounts"),
    path("finance/retention/accounts/<int:pk>/", retention.retention_account, name="retention_account"),
]

urlpatterns = [path("", include((finance, "finance")))]
