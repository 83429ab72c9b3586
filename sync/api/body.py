"""Read a body whole, within the limit, unpacked."""

from __future__ import annotations

import zlib
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from sync.problems import Problem

JSON_TYPES = ("application/json",)
LINE_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
CHUNK = 1 << 20
PIECE = 1 << 16
# Programs that pack in blocks put 64 KiB into each.
MAX_MEMBERS = 10_000
# What decoding costs is a matter of the values, not of the bytes: 10,000 records of 100 objects and 400 values.
MAX_OBJECTS, MAX_VALUES = 1_000_000, 4_000_000


def plain(request: Request) -> HttpRequest:
    """Return Django's request, whose body DRF has not touched."""
    return request._request  # noqa: SLF001 - the only way to a body that is still unread


def read_body(request: HttpRequest) -> bytes:
    """Return the body, unpacked where it is gzip.

    Raises Problem: 413 over the limit, before or after unpacking, and for millions of tiny values; 415 for
    another encoding; 400 for a body that breaks off.
    """
    limit = settings.API_MAX_BODY_BYTES
    data = _read(request, limit)
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return _bearable(data)
    if encoding in ("gzip", "x-gzip"):
        return _bearable(_unzip(data, limit))
    raise Problem(
        415, "unsupported_encoding", f"Content-Encoding {encoding!r} is not taken; send gzip or none."
    )


def is_lines(request: HttpRequest, *, allow_lines: bool) -> bool:
    """Return whether the body is NDJSON rather than JSON. Raises Problem (415) for another media type."""
    sent = (request.content_type or "").lower()
    if sent in JSON_TYPES:
        return False
    if allow_lines and sent in LINE_TYPES:
        return True
    wanted = "application/json or application/x-ndjson" if allow_lines else "application/json"
    raise Problem(
        415, "unsupported_media_type", f"Send {wanted}, not {sent or 'a body without Content-Type'}."
    )


def _bearable(data: bytes) -> bytes:
    """Return a body that can be decoded in bearable memory; marks within texts count too, which is no loss."""
    if len(data) > MAX_OBJECTS and (
        data.count(b"{") > MAX_OBJECTS or sum(map(data.count, (b",", b"[", b"\n"))) > MAX_VALUES
    ):
        raise Problem(413, "too_many_values", "The body holds more values than a call takes. Split it.")
    return data


def _read(request: HttpRequest, limit: int) -> bytes:
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        announced = 0
    if announced > limit:
        raise _too_large()
    environ: dict[str, Any] = getattr(request, "environ", {})
    if not announced and "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        # Django reads nothing without a length; a server that marks the end of the stream can be read anyway.
        if not environ.get("wsgi.input_terminated"):
            raise Problem(411, "length_required", "Send a Content-Length; this server takes no chunked body.")
        return _read_stream(environ["wsgi.input"], limit)
    # Read as a stream, since the request would keep what its ``body`` has read as long as it lives.
    data = _read_stream(request, limit)
    if announced and len(data) < announced:
        raise Problem(
            400, "body_cut_short", f"The body broke off after {len(data):,} of {announced:,} bytes."
        )
    return data


def _read_stream(stream: Any, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := stream.read(CHUNK):
        size += len(part)
        if size > limit:
            raise _too_large()
        parts.append(part)
    return b"".join(parts)


def _unzip(data: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    view, place, left, members = memoryview(data), 0, limit, 0
    while place < len(data):
        member = zlib.decompressobj(wbits=31)
        members += 1
        if members > MAX_MEMBERS:
            raise Problem(413, "too_many_members", f"A gzip body takes up to {MAX_MEMBERS:,} members.")
        while not member.eof:
            # In pieces, since each member copies what follows it of what it was given.
            piece = view[place : place + PIECE]
            if not piece:
                raise Problem(400, "malformed_gzip", "The gzip body breaks off.")
            try:
                part = member.decompress(piece, left + 1)
            except zlib.error as error:
                raise Problem(400, "malformed_gzip", f"The body is no valid gzip: {error}.") from error
            left -= len(part)
            if left < 0:
                raise _too_large()
            parts.append(part)
            place += len(piece) - len(member.unused_data)
    return b"".join(parts)


def _too_large() -> Problem:
    return Problem(413, "body_too_large", "A body may take up to 64 MiB, also after decompression. Split it.")
