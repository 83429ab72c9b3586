"""What can be done with a resource; one class for each address, made concrete by the routes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import ClassVar

import msgspec
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from people.access import Access, request_access
from sync.api.body import is_lines, plain, read_body
from sync.api.feed import Position, read_page
from sync.api.filters import EARLIEST, LATEST, list_conditions, since_of
from sync.api.reading import (
    check_readable,
    etag_of,
    find_object,
    known_source,
    names_tag,
    paging_size,
    private,
    read_as_of,
    read_one,
)
from sync.api.schema import ResourceSchema
from sync.api.writing import (
    MODES,
    Answer,
    answer_once,
    bulk_body,
    follow_up,
    json_response,
    option,
    problem_answer,
    refuse_unknown_parameters,
)
from sync.declarations import Instant, Resource
from sync.models import ApiToken, Batch, Source
from sync.pipeline.batch import CREATED, PENDING, REJECTED
from sync.pipeline.decode import BodyError, Decoded, decode_body, decode_one
from sync.pipeline.delete import delete_record
from sync.pipeline.locks import lock_resource
from sync.pipeline.run import run_batch
from sync.problems import Problem
from sync.provenance.as_of import end_of

Decoder = Callable[[bytes], Decoded]
LARGEST_ID = 2**63 - 1


class ResourceView(APIView):
    """A view of one declared resource."""

    resource: Resource
    operations: ClassVar[dict[str, str]]
    schema = ResourceSchema()

    @property
    def scope(self) -> str:
        """The scope that a token needs here."""
        return self.resource.scope_name

    def writer(self, request: Request) -> tuple[ApiToken, Source]:
        """Return the token and the source that it writes for."""
        token = request.auth
        if not isinstance(token, ApiToken):
            raise Problem(403, "token_required", "Writing needs a token.")
        return token, token.client.source

    def reader(self, request: Request) -> Access:
        """Return what the caller may read. Raises Problem (403) where that is nothing of this resource."""
        access = request_access(request)
        check_readable(self.resource, access)
        return access

    def as_it_was(
        self, request: Request, access: Access, pk: int | None, asked: str, name: str
    ) -> HttpResponse:
        """Answer the record, ``name`` in the address, as it was when a day ended or at a moment.

        Raises Problem: 400 for a stream or what is no time, 404 where there was none, as where ``pk`` is None.
        """
        if self.resource.stream:
            raise Problem(400, "bad_parameter", "A stream keeps no earlier states; leave as_of out.")
        moment = _as_of(asked)
        text = None if pk is None else read_as_of(self.resource, access, pk, moment)
        if text is None:
            raise Problem(404, "not_found", f"There was no {self.resource.singular} {name} by {asked[:40]}.")
        return _one(request, text)

    def decoded(self, work: Decoder, body: bytes) -> Decoded:
        """Return what ``work`` makes of the body; an unreadable body raises Problem."""
        try:
            return work(body)
        except BodyError as error:
            raise Problem(error.status, error.code, error.detail) from error


class BulkView(ResourceView):
    """Create or update up to 10,000 records."""

    http_method_names = ["post", "options"]
    operations = {"POST": "bulk"}

    def post(self, request: Request) -> HttpResponse:
        """Apply a JSON array or NDJSON in one transaction; answer for each record in the order sent."""
        refuse_unknown_parameters(request, ("mode", "atomic"))
        mode = option(request, "mode", MODES)
        atomic = option(request, "atomic", ("false", "true")) == "true"
        token, source = self.writer(request)
        lines = is_lines(plain(request), allow_lines=True)
        body = read_body(plain(request))

        def work() -> Answer:
            outcome = run_batch(
                resource=self.resource,
                source=source,
                decoded=self.decoded(
                    lambda given: decode_body(given, self.resource, lines=lines, source=source), body
                ),
                client_id=token.client_id,
                mode=Batch.Mode.UPDATE_ONLY if mode == "update_only" else Batch.Mode.UPSERT,
                dry_run=mode == "dry_run",
                atomic=atomic,
            )
            if atomic and outcome.rejected:
                return problem_answer(
                    422,
                    "batch_refused",
                    f"Nothing was written: {outcome.rejected} of {len(outcome.results)} records were rejected.",
                    errors=[
                        {
                            "index": result.index,
                            "external_id": result.external_id,
                            **msgspec.to_builtins(error),
                        }
                        for result in outcome.results
                        for error in result.errors
                        if result.status == REJECTED
                    ],
                    outcome=outcome,
                )
            return Answer(200, bulk_body(outcome), outcome)

        answer = answer_once(request, body, work)
        follow_up(answer)
        return json_response(answer)


class ListView(ResourceView):
    """Read records in the order of their changes."""

    http_method_names = ["get", "head", "options"]
    operations = {"GET": "list"}

    def get(self, request: Request) -> HttpResponse:
        """Answer a page of the feed; ``next_cursor`` goes on from there, now or at any later time."""
        access = self.reader(request)
        conditions = list_conditions(self.resource, request.query_params, access)
        cursor = request.query_params.get("cursor", "")
        page = read_page(
            self.resource,
            access,
            after=Position.decode(cursor) if cursor else None,
            size=paging_size(request.query_params.get("page_size")),
            conditions=conditions,
            since=since_of(request.query_params),
        )
        next_cursor = page.position.encode()
        address = None
        if page.more:
            query = request.query_params.copy()
            query["cursor"] = next_cursor
            address = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
        body = b'{"results":[%s],"next":%s,"next_cursor":%s}' % (
            ",".join(page.records).encode(),
            msgspec.json.encode(address),
            msgspec.json.encode(next_cursor),
        )
        return private(HttpResponse(body, content_type="application/json"))


class ObjectView(ResourceView):
    """Read one record by our id."""

    http_method_names = ["get", "head", "options"]
    operations = {"GET": "get"}

    def get(self, request: Request, pk: int) -> HttpResponse:
        """Answer the record, now or as of a moment, or 304 where the caller holds it already."""
        refuse_unknown_parameters(request, ("as_of",))
        access = self.reader(request)
        if (asked := request.query_params.get("as_of")) is not None:
            return self.as_it_was(request, access, pk if pk <= LARGEST_ID else None, asked, str(pk))
        found = read_one(self.resource, access, pk) if pk <= LARGEST_ID else None
        if found is None:
            raise Problem(404, "not_found", f"There is no {self.resource.singular} {pk}.")
        response = _one(request, found.text)
        if found.merged_into:
            response["Content-Location"] = f"/api/v1/{self.resource.key}/{found.merged_into}/"
        return response


class RecordView(ResourceView):
    """Read, write or delete one record by the id that it has in a source."""

    http_method_names = ["get", "head", "put", "delete", "options"]
    operations = {"GET": "find", "PUT": "put", "DELETE": "delete"}

    def get(self, request: Request, source: str, external_id: str) -> HttpResponse:
        """Answer the record, now or as of a moment, or 304 where the caller holds it already."""
        refuse_unknown_parameters(request, ("as_of",))
        access = self.reader(request)
        pk = find_object(self.resource, source, external_id)
        if (asked := request.query_params.get("as_of")) is not None:
            return self.as_it_was(request, access, pk, asked, f"{source}:{external_id}")
        found = None if pk is None else read_one(self.resource, access, pk)
        if found is None:
            raise self.unknown(source, external_id)
        return _one(request, found.text)

    def put(self, request: Request, source: str, external_id: str) -> HttpResponse:
        """Create (201) or update (200) one record; 202 where it waits for another, 422 where it is refused."""
        refuse_unknown_parameters(request, ("mode",))
        mode = option(request, "mode", MODES)
        token, own = self.own_source(request, source)
        is_lines(plain(request), allow_lines=False)
        body = read_body(plain(request))

        def work() -> Answer:
            self.check_preconditions(request, own, external_id)
            outcome = run_batch(
                resource=self.resource,
                source=own,
                decoded=self.decoded(lambda given: decode_one(given, self.resource, external_id), body),
                client_id=token.client_id,
                mode=Batch.Mode.UPDATE_ONLY if mode == "update_only" else Batch.Mode.UPSERT,
                dry_run=mode == "dry_run",
            )
            result = outcome.results[0]
            if result.status == REJECTED:
                missing = any(error.code == "not_found" for error in result.errors)
                return problem_answer(
                    404 if missing else 422,
                    "not_found" if missing else "record_refused",
                    "The record was rejected; nothing was written.",
                    errors=[msgspec.to_builtins(error) for error in result.errors],
                    outcome=outcome,
                )
            status = {CREATED: 201, PENDING: 202}.get(result.status, 200)
            return Answer(status, _result_body(outcome.batch_id, result), outcome)

        answer = answer_once(request, body, work)
        follow_up(answer)
        return json_response(answer)

    def delete(self, request: Request, source: str, external_id: str) -> HttpResponse:
        """Put a tombstone on the record; a later upsert restores it."""
        refuse_unknown_parameters(request, ("source_updated_at",))
        token, own = self.own_source(request, source)
        moment = _moment(request.query_params.get("source_updated_at"))

        def work() -> Answer:
            self.check_preconditions(request, own, external_id)
            deletion = delete_record(
                resource=self.resource,
                source=own,
                external_id=external_id,
                source_updated_at=moment,
                client_id=token.client_id,
            )
            return Answer(
                200,
                msgspec.json.encode(
                    {
                        "batch": deletion.batch_id,
                        "external_id": external_id,
                        "id": str(deletion.object_id) if deletion.object_id else None,
                        "status": deletion.status,
                    }
                ),
            )

        return json_response(answer_once(request, b"", work))

    def own_source(self, request: Request, source: str) -> tuple[ApiToken, Source]:
        """Return the token and its source. Raises Problem (403) where the address names another."""
        token, own = self.writer(request)
        if own.slug != source:
            detail = f"This token writes for {own.slug}; it can't write records of {source}."
            raise Problem(403, "other_source", detail)
        return token, own

    def check_preconditions(self, request: Request, source: Source, external_id: str) -> None:
        """Raise Problem (412) where If-Match or If-None-Match doesn't fit what is held now.

        Locks the resource until the end, so that what was compared is what is written over.
        """
        wanted, unwanted = request.headers.get("If-Match"), request.headers.get("If-None-Match")
        if wanted is None and unwanted is None:
            return
        lock_resource(self.resource, source)
        pk = find_object(self.resource, source.slug, external_id)
        found = None if pk is None else read_one(self.resource, self.reader(request), pk)
        tag = None if found is None else etag_of(found.text)
        if wanted is not None and not names_tag(wanted, tag, weak=False):
            raise Problem(412, "precondition_failed", "The record is not the one that If-Match names.")
        if unwanted is not None and names_tag(unwanted, tag, weak=True):
            raise Problem(412, "precondition_failed", "The record is one that If-None-Match excludes.")

    def unknown(self, source: str, external_id: str) -> Problem:
        """Return the 404 that says whether it is the source or the record that isn't known."""
        if not known_source(source):
            return Problem(404, "unknown_source", f"There is no source {source!r}.")
        return Problem(
            404,
            "not_found",
            f"{source} has no {self.resource.singular} with external id {external_id!r} here.",
        )


def _one(request: Request, record: str) -> HttpResponse:
    tag = etag_of(record)
    if names_tag(request.headers.get("If-None-Match", ""), tag, weak=True):
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(record.encode(), content_type="application/json")
    response["ETag"] = tag
    return private(response)


def _as_of(text: str) -> datetime:
    """Return the end of a day, or a moment with its offset. Raises Problem (400) for anything else."""
    try:
        if len(text) == len("2026-06-30"):
            moment = end_of(min(date.fromisoformat(text), LATEST.date()))
        else:
            # In an address a plus sign is a space; clients forget to quote it.
            moment = msgspec.convert(text.replace(" ", "+"), Instant)
    except (ValueError, msgspec.ValidationError) as error:
        detail = "as_of takes a day such as 2026-06-30, or an ISO 8601 time with its offset."
        raise Problem(400, "bad_parameter", detail) from error
    # Far from any change, a time may be moved further into the range that the database can hold.
    return min(max(moment, EARLIEST), LATEST)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = msgspec.convert(text.replace(" ", "+"), Instant)
    except msgspec.ValidationError:
        moment = None
    if moment is None or not 1900 <= moment.year <= 9998:
        raise Problem(400, "bad_parameter", "source_updated_at takes an ISO 8601 time with its offset.")
    return moment


def _result_body(batch_id: int | None, result: msgspec.Struct) -> bytes:
    members = {name: getattr(result, name) for name in ("external_id", "id", "status", "errors")}
    return msgspec.json.encode({"batch": batch_id, **members})
