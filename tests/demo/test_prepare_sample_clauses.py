"""The sample company's clauses in use: some granted, some waiting, some refused."""

import io
from collections import Counter
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import Standing, Tier
from finance.models import ClauseVersion, ContractVersion, Deviation
from tests.finance.test_contract_pages import record
from tests.metrics.facts import make_account, make_line

pytestmark = pytest.mark.django_db


def test_clauses_are_put_to_use_once() -> None:
    call_command("create_sample_users", stdout=io.StringIO())
    today = timezone.now().date()
    for tier in Tier.objects.all():
        for _ in range(8):
            account = make_account(tier.slug)
            make_line(account, today - timedelta(days=90))
            Standing.objects.create(account=account, tier=tier, as_of=today, arr=1)
    record()
    for told in ("Clauses put to use.", "already"):
        out = io.StringIO()
        call_command("prepare_sample_contracts", stdout=out)
        assert told in out.getvalue()
    states = Counter(Deviation.objects.values_list("state", flat=True))
    assert states.keys() >= {"waiting", "granted", "rejected", "withdrawn"}
    assert ContractVersion.objects.filter(cause="paper").count() > 10
    assert ClauseVersion.objects.drafts().exists()
