"""Which accounts are the same company: finding duplicates, merging them, and taking a merge back."""

from accounts.identity.models import SharedDomain

__all__ = ["SharedDomain"]
