"""Addresses of people's pages: who they are and what each function may read."""

from django.urls import path

from people.views import access, me, users

app_name = "people"
urlpatterns = [
    path("people/me/", me.me, name="me"),
    path("people/access/", access.access_policy, name="access"),
    path("people/access/review/", access.review_access, name="access_review"),
    path("people/users/", users.users, name="users"),
    path("people/users/new/", users.new_user, name="user_new"),
    path("people/users/<int:pk>/", users.edit_user, name="user"),
    path("people/users/<int:pk>/password/", users.reset_password, name="user_password"),
    path("people/users/<int:pk>/two-step/", users.reset_two_step, name="user_two_step"),
]
