"""Where tracking delivers events."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from product.ingest.authentication import TrackingThrottle, WriteKeyAuthentication
from product.ingest.cloudevents import read_events
from product.ingest.intake import Intake, now, take_in
from product.ingest.messages import Body
from product.ingest.schema import CloudEventsSchema, SegmentSchema
from product.ingest.segment import read_batch, read_call
from sync.api.body import plain, read_body
from sync.models import ApiToken
from sync.pipeline.decode import BodyError
from sync.problems import Problem

SUCCESS = b'{"success": true}'
TOLD = 100


class IngestView(APIView):
    """A call that delivers events for the source of its write key."""

    http_method_names = ["post", "options"]
    authentication_classes = [WriteKeyAuthentication]
    throttle_classes = [TrackingThrottle]
    scope = "usage"

    def deliver(self, request: Request) -> Intake:
        """Read the body and take it in. Raises Problem where it holds nothing that can be taken."""
        token = request.auth
        if not isinstance(token, ApiToken):
            raise Problem(403, "token_required", "Delivering events needs a write key.")
        try:
            body = self.read(request, read_body(plain(request)))
        except BodyError as error:
            raise Problem(error.status, error.code, error.detail) from error
        intake = take_in(source=token.client.source, client_id=token.client_id, body=body)
        if intake.refused and not body.messages:
            raise self.all_refused(intake)
        return intake

    def read(self, request: Request, data: bytes) -> Body:
        """Return what the body holds."""
        raise NotImplementedError

    def all_refused(self, intake: Intake) -> Problem:
        """Return the answer to a call in which nothing can be taken."""
        errors = [
            {"external_id": item.id, **msgspec.to_builtins(error)}
            for item in intake.refused[:TOLD]
            for error in item.errors
        ]
        detail = f"Nothing in here can be taken: {errors[0]['detail']}"
        return Problem(422, "events_refused", detail, errors=errors, extra={"batch": intake.batch_id})


class SegmentView(IngestView):
    """Segment's HTTP tracking API; one address for each kind of call, and one for batches."""

    kind = ""
    schema = SegmentSchema()

    def post(self, request: Request) -> HttpResponse:
        """Take in a batch or one call; 200 whatever became of single messages, as SDKs expect it."""
        self.deliver(request)
        return HttpResponse(SUCCESS, content_type="application/json")

    def read(self, request: Request, data: bytes) -> Body:
        """Return the messages; the content type says nothing, since SDKs send several."""
        return read_batch(data, now()) if self.kind == "batch" else read_call(data, self.kind, now())


class CloudEventsView(IngestView):
    """CloudEvents 1.0 over HTTP: structured, binary or batched."""

    schema = CloudEventsSchema()

    def post(self, request: Request) -> HttpResponse:
        """Take in events; the answer counts what became of them."""
        intake = self.deliver(request)
        answer: dict[str, Any] = {"batch": intake.batch_id, **intake.counts}
        answer["errors"] = [
            {"external_id": item.id, **msgspec.to_builtins(error)}
            for item in intake.refused[:TOLD]
            for error in item.errors
        ]
        return HttpResponse(msgspec.json.encode(answer), content_type="application/json")

    def read(self, request: Request, data: bytes) -> Body:
        """Return the events."""
        return read_events(data, request.headers, request.META.get("CONTENT_TYPE") or "", now())
