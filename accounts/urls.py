from django.urls import include, path

from accounts.views import detail, home, listing, search

accounts = [
    path("", listing.account_list, name="list"),
    path("export.csv", listing.account_export, name="export"),
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
