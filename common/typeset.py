"""Papers as PDF: typeset in this process without network, in the built-in fonts as far as they have the letters."""

from __future__ import annotations

from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import cast

import structlog
import typst
from django.http import FileResponse, HttpResponse

logger = structlog.get_logger(__name__)

UNTAGGED = "A paper isn't PDF/UA: where no font has a letter there is a box"
REMEDY = (
    "Install fonts that have it, such as fonts-noto-cjk or fonts-droid-fallback of Debian, and start anew."
)

_turn = Lock()


@lru_cache(maxsize=8)
def typeset(template: Path, content: str) -> bytes:
    """Return a tagged PDF/UA-1 of a typst template that reads ``content`` (JSON) from its input ``content``.

    By its content always the same bytes. Letters that the built-in fonts lack, such as Chinese ones, are taken from
    the system's fonts; where these lack them too, it is a tagged PDF without that promise, with boxes in their place.
    The template reads no file outside its folder.
    """
    inputs = {"content": content}
    made: object = None
    reason = ""
    with _turn:  # a compiler keeps the inputs of its last run
        for has_system_fonts in (False, True):
            try:
                made = compiler_of(template, has_system_fonts).compile(
                    format="pdf", sys_inputs=inputs, pdf_standards="ua-1", timestamp=0
                )
                break
            except typst.TypstError as error:
                reason = error.message
        else:
            logger.warning(UNTAGGED, template=template.name, error=reason, remedy=REMEDY)
            made = compiler_of(template, True).compile(format="pdf", sys_inputs=inputs, timestamp=0)
    assert isinstance(made, bytes)
    return made


@cache
def compiler_of(template: Path, has_system_fonts: bool = False) -> typst.Compiler:
    """Return the compiler of a template, made once."""
    # No template asks for a package; where one did, this finds none instead of fetching it.
    no_packages = template.parent / "no-packages"
    return typst.Compiler(
        input=template,
        root=template.parent,
        ignore_system_fonts=not has_system_fonts,
        package_path=no_packages,
        package_cache_path=no_packages,
    )


def pdf_response(made: bytes, filename: str) -> HttpResponse:
    """Return a PDF as a download that nobody keeps on the way."""
    response = FileResponse(
        BytesIO(made),
        as_attachment=True,
        filename=filename,
        content_type="application/pdf",
        headers={"Cache-Control": "no-store"},
    )
    # Guards and decorators of views are typed for the plain response; streamed ones pass them alike.
    return cast(HttpResponse, response)
