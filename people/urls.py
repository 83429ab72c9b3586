"""Addresses of people's pages: who they are, what each function may read, and what they decide."""

from django.urls import path

from people.views import absences, access, configuration, inbox, me, notices, skills, users
from people.views.approvals import delegations, requests
from people.views.approvals.inbox import approvals

app_name = "people"
urlpatterns = [
    path("people/me/", me.me, name="me"),
    path("people/absences/", absences.absences, name="absences"),
    path("people/absences/<int:pk>/", absences.absence, name="absence"),
    path("people/absences/<int:pk>/end/", absences.end, name="absence_end"),
    path("people/me/mails/", notices.mails, name="mails"),
    path("people/me/notices/", inbox.notices, name="notices"),
    path("people/me/notices/bell/", inbox.bell, name="bell"),
    path("people/me/notices/read/", inbox.read_notices, name="notices_read"),
    path("people/me/notices/<int:pk>/open/", inbox.open_notice, name="notice_open"),
    path("people/me/notices/<int:pk>/read/", inbox.read_notice, name="notice_read"),
    path("people/channels/", notices.channels, name="channels"),
    path("people/channels/<int:pk>/", notices.channel, name="channel"),
    path("people/channels/<int:pk>/act/", notices.channel_act, name="channel_act"),
    path("people/skills/", skills.skills, name="skills"),
    path("people/skills/new/", skills.skill_new, name="skill_new"),
    path("people/skills/<int:pk>/", skills.skill, name="skill"),
    path("people/skills/<int:pk>/delete/", skills.skill_delete, name="skill_delete"),
    path("people/skills/of/<int:pk>/", skills.skills_of, name="skills_of"),
    path("people/access/", access.access_policy, name="access"),
    path("people/access/review/", access.review_access, name="access_review"),
    path("people/users/", users.users, name="users"),
    path("people/users/new/", users.new_user, name="user_new"),
    path("people/users/<int:pk>/", users.edit_user, name="user"),
    path("people/users/<int:pk>/password/", users.reset_password, name="user_password"),
    path("people/users/<int:pk>/two-step/", users.reset_two_step, name="user_two_step"),
    path("settings/", configuration.settings, name="settings"),
    path("configuration/", configuration.audit, name="configuration"),
    path(
        "configuration/<slug:section>/<slug:model>/<int:event>/restore/",
        configuration.restore_save,
        name="configuration_restore",
    ),
    path("approvals/", approvals, name="approvals"),
    path("approvals/delegations/", delegations.delegations, name="delegations"),
    path("approvals/delegations/<int:pk>/end/", delegations.end, name="delegation_end"),
    path("approvals/<int:pk>/", requests.approval, name="approval"),
    path("approvals/<int:pk>/decide/", requests.decide, name="approval_decide"),
    path("approvals/<int:pk>/comment/", requests.comment, name="approval_comment"),
    path("approvals/<int:pk>/withdraw/", requests.withdraw, name="approval_withdraw"),
    path("approvals/<int:pk>/again/", requests.resubmit, name="approval_again"),
]
