"""The guide as a PDF: typeset in this process, without network or the system's fonts."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from threading import Lock

import msgspec
import structlog
import typst

from tiers.guide.content import Guide

logger = structlog.get_logger(__name__)

HERE = Path(__file__).resolve().parent
# No template asks for a package; where one did, this finds none instead of fetching it.
NO_PACKAGES = HERE / "no-packages"

_turn = Lock()


def guide_pdf(guide: Guide) -> bytes:
    """Return the guide as a tagged PDF/UA-1 of one page, by its content always the same bytes.

    Texts with letters that the built-in fonts lack make a tagged PDF without that promise.
    """
    return _typeset(msgspec.json.encode(guide).decode())


@lru_cache(maxsize=8)
def _typeset(content: str) -> bytes:
    inputs = {"guide": content}
    with _turn:  # a compiler keeps the inputs of its last run
        try:
            made = _compiler().compile(format="pdf", sys_inputs=inputs, pdf_standards="ua-1", timestamp=0)
        except typst.TypstError as error:
            logger.warning("The tier guide can't be PDF/UA", error=error.message)
            made = _compiler().compile(format="pdf", sys_inputs=inputs, timestamp=0)
    assert isinstance(made, bytes)
    return made


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(
        input=HERE / "guide.typ",
        root=HERE,
        ignore_system_fonts=True,
        package_path=NO_PACKAGES,
        package_cache_path=NO_PACKAGES,
    )
