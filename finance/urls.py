"""Addresses of finance."""

from django.urls import include, path

from finance.views import billing, contracts, retention

finance = [
    path("accounts/<int:pk>/billing/", billing.billing, name="billing"),
    path("accounts/<int:pk>/billing/change/", billing.billing_change, name="billing_change"),
    path("accounts/<int:pk>/billing/milestones/", billing.milestone_add, name="milestone_add"),
    path("billing/arrangements/<int:pk>/withdraw/", billing.billing_withdraw, name="billing_withdraw"),
    path("billing/milestones/<int:pk>/reached/", billing.milestone_reached, name="milestone_reached"),
    path("billing/milestones/<int:pk>/drop/", billing.milestone_drop, name="milestone_drop"),
    path("contracts/", contracts.contracts, name="contracts"),
    path("contracts/<int:pk>/", contracts.contract, name="contract"),
    path("contracts/renewals/", contracts.renewals, name="renewals"),
    path("finance/retention/", retention.retention, name="retention"),
    path("finance/retention/accounts/", retention.retention_accounts, name="retention_accounts"),
    path("finance/retention/accounts/<int:pk>/", retention.retention_account, name="retention_account"),
]

urlpatterns = [path("", include((finance, "finance")))]
