"""How allauth meets our users: nobody signs up, people are invited or come from the company's OIDC."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Password sign-in for existing people only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse self-registration: an account page is nobody's business but the company's."""
        return False

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Say nothing about a sign-in that worked: the first screen shows it, and it has more to say."""
        if message_template != "account/messages/logged_in.txt":
            super().add_message(request, level, message_template, *args, **kwargs)


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """OIDC sign-in for people who already have a user here, matched by e-mail address."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Refuse an unknown address, so that RevOps decides who has which function."""
        return False
