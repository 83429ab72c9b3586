"""Addresses of finance."""

from django.urls import include, path

from finance.views import (
    billing,
    clause_drafts,
    clauses,
    contracts,
    deviations,
    retention,
    retention_forecast,
    retention_more,
    retention_policy,
    revenue_months,
)
from finance.views.collections import accounts, board, messages, policies

finance = [
    path("accounts/<int:pk>/billing/", billing.billing, name="billing"),
    path("accounts/<int:pk>/billing/change/", billing.billing_change, name="billing_change"),
    path("accounts/<int:pk>/billing/milestones/", billing.milestone_add, name="milestone_add"),
    path("billing/arrangements/<int:pk>/withdraw/", billing.billing_withdraw, name="billing_withdraw"),
    path("billing/milestones/<int:pk>/reached/", billing.milestone_reached, name="milestone_reached"),
    path("billing/milestones/<int:pk>/drop/", billing.milestone_drop, name="milestone_drop"),
    path("clauses/", clauses.library, name="clauses"),
    path("clauses/families/new/", clause_drafts.new_family, name="clause_new"),
    path("clauses/<slug:key>/", clauses.clause, name="clause"),
    path("clauses/<slug:key>/<int:version>/", clauses.clause, name="clause_version"),
    path("clauses/<slug:key>/<int:version>/act/", clause_drafts.act, name="clause_act"),
    path("clauses/<slug:key>/<int:version>/draft/", clause_drafts.change_draft, name="clause_draft"),
    path("clauses/<slug:key>/<int:version>/preview/", clauses.preview, name="clause_preview"),
    path("clauses/<slug:key>/<int:version>/texts/new/", clause_drafts.edit_text, name="clause_text_new"),
    path("clauses/<slug:key>/<int:version>/texts/<int:place>/", clause_drafts.edit_text, name="clause_text"),
    path("deviations/", deviations.deviations, name="deviations"),
    path("deviations/new/", deviations.new_deviation, name="deviation_new"),
    path("deviations/use/", clauses.use, name="clause_use"),
    path("deviations/<int:pk>/", deviations.deviation, name="deviation"),
    path("contracts/", contracts.contracts, name="contracts"),
    path("contracts/<int:pk>/", contracts.contract, name="contract"),
    path("contracts/renewals/", contracts.renewals, name="renewals"),
    path("finance/retention/", retention.retention, name="retention"),
    path("finance/retention/cohorts/", retention_more.cohorts, name="retention_cohorts"),
    path("finance/retention/differences/", retention_more.differences, name="retention_differences"),
    path("finance/retention/forecast/", retention_forecast.forecast, name="retention_forecast"),
    path("finance/retention/policy/", retention_policy.retention_policy, name="retention_policy"),
    path("finance/retention/months/", revenue_months.revenue_months, name="revenue_months"),
    path("finance/retention/months/close/", revenue_months.revenue_close, name="revenue_close"),
    path("finance/retention/months/<str:month>/", revenue_months.revenue_month, name="revenue_month"),
    path("finance/retention/accounts/", retention.retention_accounts, name="retention_accounts"),
    path("finance/retention/accounts/<int:pk>/", retention.retention_account, name="retention_account"),
]

collections = [
    path("collections/", board.board, name="collections"),
    path("collections/accounts/<int:pk>/", accounts.collection, name="collection"),
    path("collections/accounts/<int:pk>/promise/", accounts.promise, name="collection_promise"),
    path("collections/accounts/<int:pk>/hold/", accounts.hold, name="collection_hold"),
    path("collections/accounts/<int:pk>/release/", accounts.release, name="collection_release"),
    path("collections/accounts/<int:pk>/end/", accounts.end, name="collection_end"),
    path("collections/messages/", messages.dunning_messages, name="dunning_messages"),
    path("collections/messages/<int:pk>/", messages.dunning_message, name="dunning_message"),
    path("collections/messages/<int:pk>/decide/", messages.decide, name="dunning_decide"),
    path("collections/policy/", policies.policy, name="dunning_policy"),
    path("collections/policy/<int:version>/", policies.version, name="dunning_version"),
    path("collections/policy/<int:version>/save/", policies.save, name="dunning_save"),
    path("collections/policy/<int:version>/preview/", policies.preview, name="dunning_preview"),
    path("collections/policy/<int:version>/act/", policies.act, name="dunning_act"),
    path("collections/policy/<int:version>/stages/new/", policies.stage, name="dunning_stage_new"),
    path("collections/policy/<int:version>/stages/<int:place>/", policies.stage, name="dunning_stage"),
]

urlpatterns = [path("", include(([*finance, *collections], "finance")))]
