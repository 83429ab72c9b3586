"""The sample company's dunning policy."""

import io

import pytest
from django.core.management import call_command

from finance.models import DunningPolicy

pytestmark = pytest.mark.django_db


def prepare() -> str:
    out = io.StringIO()
    call_command("prepare_sample_collections", stdout=out)
    return out.getvalue()


def test_the_policy_is_published_once_by_finance() -> None:
    call_command("create_sample_users", stdout=io.StringIO())
    assert "published." in prepare()
    assert "already" in prepare()
    policy = DunningPolicy.objects.get()
    assert (policy.state, policy.published_by.function) == ("published", "finance")
