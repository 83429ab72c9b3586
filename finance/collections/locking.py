"""The lock under which anything about an account's collections is written."""

from __future__ import annotations

from accounts.models import Account


def lock_account(pk: int) -> Account | None:
    """Lock an account until the transaction ends; None where it is gone. Taken before any row of collections."""
    return Account.objects.live().select_for_update(no_key=True).filter(pk=pk).first()
