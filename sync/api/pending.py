"""Records that wait, for clients: list them, try them again, give them up."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from people.access import Access, request_access
from sync.api.body import is_lines, plain, read_body
from sync.api.pending_schema import COMPONENTS, operations
from sync.api.reading import check_readable, json_answer, paging_size, redacted_fields
from sync.api.schema import PlainSchema
from sync.api.writing import option, refuse_unknown_parameters
from sync.authentication import allows
from sync.declarations import Resource
from sync.models import ApiToken, DiscardedRecord
from sync.problems import Problem
from sync.registry import resources
from sync.services import discard_records, retry_records
from sync.waiting import STATES, WAITING, Kept, find_kept, list_kept, state_of

LARGEST_ID = 2**63 - 1


class PendingView(APIView):
    """What the views of pending records have in common."""

    schema = PlainSchema()
    operation: ClassVar[str]
    described = staticmethod(operations)
    components = COMPONENTS

    def check_scope(self, request: Request, resource: Resource, action: str) -> None:
        """Raise Problem (403) where the token lacks the scope of the record's resource."""
        token = request.auth
        if isinstance(token, ApiToken) and not allows(token.scopes, resource.scope_name, action):
            raise Problem(403, "scope_missing", f"The token lacks the scope {resource.scope_name}:{action}.")

    def find(self, request: Request, pk: int, action: str) -> Kept:
        """Return the record. Raises Problem: 404 where there is none, 403 where the scope or access is missing."""
        record = find_kept(pk) if pk <= LARGEST_ID else None
        resource = resources.get(record.resource) if record else None
        if record is None or resource is None:
            raise Problem(404, "not_found", f"No record waits under the id {pk}.")
        self.check_scope(request, resource, action)
        check_readable(resource, request_access(request))
        return record

    def find_own(self, request: Request, pk: int) -> tuple[Kept, ApiToken]:
        """Return the record and the token that may decide about it. Raises Problem (403) for another source's."""
        token = request.auth
        if not isinstance(token, ApiToken):
            raise Problem(403, "token_required", "Writing needs a token.")
        record = self.find(request, pk, "write")
        if record.source_id != token.client.source_id:
            raise Problem(403, "other_source", f"This token writes for {token.client.source.slug} only.")
        return record, token


class PendingListView(PendingView):
    """List records that wait, and discarded ones."""

    http_method_names = ["get", "head", "options"]
    operation = "list_pending"

    def get(self, request: Request) -> HttpResponse:
        """Answer a page in the order of ids, of the resources that the caller may read."""
        refuse_unknown_parameters(request, ("resource", "source", "code", "state", "cursor", "page_size"))
        params = {name: values[-1] for name, values in request.query_params.lists()}
        if any("\x00" in params.get(name, "") for name in ("source", "code")):
            return json_answer({"results": [], "next": None, "next_cursor": params.get("cursor", "") or "0"})
        if params.get("state"):
            option(request, "state", STATES)
        access = request_access(request)
        size = paging_size(params.get("page_size"))
        found = list_kept(
            resources=self.readable(request, params.get("resource"), access),
            source=params.get("source", ""),
            code=params.get("code", ""),
            state=params.get("state", ""),
            after=_after(params.get("cursor", "")),
            size=size + 1,
        )
        page = found[:size]
        cursor = str(page[-1].pk) if page else params.get("cursor", "") or "0"
        query = request.query_params.copy()
        query["cursor"] = cursor
        address = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
        return json_answer(
            {
                "results": [shown(record, access) for record in page],
                "next": address if len(found) > size else None,
                "next_cursor": cursor,
            }
        )

    def readable(self, request: Request, key: str | None, access: Access) -> list[str]:
        """Return the resources to list: the one asked for, or all that scopes and access policy allow."""
        if key is not None:
            resource = resources.get(key)
            if resource is None:
                known = ", ".join(item.key for item in resources)
                raise Problem(400, "bad_parameter", f"resource takes {known}; not {key[:100]!r}.")
            self.check_scope(request, resource, "read")
            check_readable(resource, access)
            return [key]
        token = request.auth
        return [
            item.key
            for item in resources
            if access.allows(item.category)
            and (not isinstance(token, ApiToken) or allows(token.scopes, item.scope_name, "read"))
        ]


class PendingRecordView(PendingView):
    """One record that waits or was discarded."""

    http_method_names = ["get", "head", "options"]
    operation = "get_pending"

    def get(self, request: Request, pk: int) -> HttpResponse:
        """Answer the record with all that its source said, and why it waits."""
        refuse_unknown_parameters(request, ())
        return json_answer(shown(self.find(request, pk, "read"), request_access(request)))


class PendingRetryView(PendingView):
    """Try a record again."""

    http_method_names = ["post", "options"]
    operation = "retry_pending"

    def post(self, request: Request, pk: int) -> HttpResponse:
        """Apply a waiting or discarded record now; say what became of it, as of a record of a batch."""
        refuse_unknown_parameters(request, ())
        self.find_own(request, pk)
        retried = retry_records(ids=[pk]).get(pk)
        if retried is None:
            raise Problem(
                409,
                "overtaken",
                "Its source has sent another state of this record since, or it was applied just now.",
            )
        members = {name: getattr(retried.result, name) for name in ("external_id", "id", "status", "errors")}
        return json_answer({"batch": retried.batch_id, **members})


class PendingDiscardView(PendingView):
    """Give a record up."""

    http_method_names = ["post", "options"]
    operation = "discard_pending"

    def post(self, request: Request, pk: int) -> HttpResponse:
        """Keep the record as discarded, with client, time and reason; a repeat changes nothing."""
        refuse_unknown_parameters(request, ())
        is_lines(plain(request), allow_lines=False)
        reason = _reason(read_body(plain(request)))
        _, token = self.find_own(request, pk)
        try:
            discard_records(ids=[pk], reason=reason, client=token.client)
        except ValidationError as error:
            errors = [{"field": "reason", "code": "required", "detail": " ".join(error.messages)}]
            raise Problem(422, "reason_required", " ".join(error.messages), errors=errors) from error
        return json_answer(shown(self.find(request, pk, "write"), request_access(request)))


def shown(record: Kept, access: Access) -> dict[str, Any]:
    """Return a record for a reader; fields of other categories are left out of its payload and named."""
    hidden = [name for name in redacted_fields(resources[record.resource], access) if name in record.payload]
    state = state_of(record)
    waits_for = {
        "resource": record.waits_for_resource,
        "source": record.waits_for_source.slug,
        "external_id": record.waits_for_external_id,
    }
    return {
        "id": str(record.pk),
        "state": state,
        "resource": record.resource,
        "source": record.source.slug,
        "external_id": record.external_id,
        "code": record.code,
        "field": record.field,
        "detail": record.detail,
        "waits_for": waits_for if state == WAITING else None,
        "candidates": [str(pk) for pk in record.candidates or ()],
        "payload": {name: value for name, value in record.payload.items() if name not in hidden},
        "redacted": hidden,
        "source_updated_at": record.source_updated_at,
        "received_at": record.received_at,
        "batch": record.batch_id,
        "discarded": _discarded(record),
    }


def _discarded(record: Kept) -> dict[str, Any] | None:
    if not isinstance(record, DiscardedRecord):
        return None
    by = record.discarded_by or record.discarded_by_client
    return {"at": record.discarded_at, "by": str(by), "reason": record.reason}


def _after(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Problem(400, "bad_cursor", "The cursor is none that was given out here.")
    return int(text or 0)


class Discard(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a discard."""

    reason: str


def _reason(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=Discard).reason
    except msgspec.ValidationError as error:
        detail = f'Send {{"reason": "…"}}: {error}.'
        errors = [{"field": "reason", "code": "invalid", "detail": detail}]
        raise Problem(422, "reason_required", detail, errors=errors) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, "malformed_json", f"The body is no JSON: {error}.") from error
