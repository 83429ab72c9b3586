"""People of the sample company say something of the largest accounts of each band, once."""

from __future__ import annotations

import pytest

from demo.sentiments import SAID, SALES, SUCCESS, say_of_accounts
from metrics.models import AccountSentiment
from tests.accounts.rows import make_listed
from tests.users import make_user

pytestmark = pytest.mark.django_db


def test_something_is_said_of_each_band_once() -> None:
    for place, band in enumerate(("green", "amber", "red") * 3):
        make_listed(f"{band} {place}", standing={"health_band": band, "arr": 10 - place})
    assert say_of_accounts() == 0, "there is nobody to say it"
    make_user("sales", email=SALES)
    make_user("customer_success", email=SUCCESS)
    assert say_of_accounts() == len(SAID)
    assert say_of_accounts() == 0, "it is said once"
    said = AccountSentiment.objects.order_by("pk").values_list("account__standing__health_band", "value")
    assert list(said) == [(band, value) for band, value, *_ in SAID]
