from django.urls import include, path

from accounts.views import detail, home, listing, search, where
from accounts.views.identity import domains, merges, queue

accounts = [
    path("", listing.account_list, name="list"),
    path("export.csv", listing.account_export, name="export"),
    path("where/", where.edit_where, name="where"),
    path("conditions/schema.json", where.schema, name="condition_schema"),
    path("duplicates/", queue.duplicates, name="duplicates"),
    path("duplicates/search/", queue.search_now, name="search_duplicates"),
    path("duplicates/<int:pk>/dismiss/", queue.dismiss, name="dismiss_pair"),
    path("duplicates/<int:pk>/offer/", queue.offer, name="offer_pair"),
    path("duplicates/apart/", queue.apart, name="apart"),
    path("duplicates/waiting/", queue.ambiguous, name="ambiguous"),
    path("duplicates/waiting/<int:pk>/", queue.resolve, name="resolve"),
    path("duplicates/merges/", merges.merges, name="merges"),
    path("duplicates/merges/new/", merges.choose, name="merge_choose"),
    path("duplicates/merges/<int:pk>/", merges.merge_done, name="merge_done"),
    path("duplicates/merges/<int:pk>/undo/", merges.unmerge, name="unmerge"),
    path("duplicates/domains/", domains.domains, name="domains"),
    path("duplicates/domains/<int:pk>/remove/", domains.remove_domain, name="domain_remove"),
    path("duplicates/merge/<int:pk>/<int:loser>/", merges.merge, name="merge"),
    path("<int:pk>/", detail.account_detail, name="detail"),
    path("<int:pk>/panels/<str:key>/", detail.account_panel, name="panel"),
    path("<int:pk>/timeline/", detail.account_timeline, name="timeline"),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("panels/<str:key>/", home.home_panel, name="home_panel"),
    path("search/", search.search, name="search"),
    path("accounts/", include((accounts, "accounts"))),
]
