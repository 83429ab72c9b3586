"""Why accounts can't be merged, or a merge not taken back."""

from __future__ import annotations


class MergeRefused(Exception):  # noqa: N818 - it says what happened
    """Nothing was written; ``code`` is for programs, ``detail`` a sentence for people.

    ``field`` names the choice that is wrong, where it is one.
    """

    def __init__(self, code: str, detail: str, *, field: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field
