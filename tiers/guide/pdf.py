"""The guide as a PDF."""

from __future__ import annotations

from pathlib import Path

import msgspec

from common.typeset import typeset
from tiers.guide.content import Guide

TEMPLATE = Path(__file__).resolve().parent / "guide.typ"


def guide_pdf(guide: Guide) -> bytes:
    """Return the guide as a tagged PDF/UA-1 of one page, by its content always the same bytes."""
    return typeset(TEMPLATE, msgspec.json.encode(guide).decode())
