"""Typed conditions over accounts: one expression that selects accounts and explains itself for each.

An app declares what can be asked about in ``<app>/conditions.py`` (``registry.ConditionField``). ``expression``
reads and checks a condition, ``query`` turns it into SQL, ``explain`` says why it holds for an account, ``words``
tells it in plain words.
"""

from accounts.conditions import profile as _profile  # noqa: F401 - declares the fields of the profile
from accounts.conditions import standing as _standing  # noqa: F401 - declares the fields of the standing
from accounts.lists import conditions as _lists  # noqa: F401 - declares the field of target lists
