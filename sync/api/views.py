"""What can be done with a resource; one class for each address, made concrete by the routes."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from sync.api.body import is_lines, read_body
from sync.api.writing import (
    Answer,
    answer_once,
    bulk_body,
    follow_up,
    json_response,
    option,
    refuse_unknown_parameters,
)
from sync.declarations import Resource
from sync.models import ApiToken, Batch, Source
from sync.pipeline.decode import BodyError, decode_body
from sync.pipeline.run import run_batch
from sync.problems import Problem


class ResourceView(APIView):
    """A view of one declared resource."""

    resource: Resource

    @property
    def scope(self) -> str:
        """The scope that a token needs here."""
        return self.resource.scope_name

    def writer(self, request: Request) -> tuple[ApiToken, Source]:
        """Return the token and the source it writes for."""
        token = request.auth
        if not isinstance(token, ApiToken):
            raise Problem(403, "token_required", "Writing needs a token.")
        return token, token.client.source


class BulkView(ResourceView):
    """Create or update up to 10,000 records."""

    http_method_names = ["post", "options"]

    def post(self, request: Request) -> HttpResponse:
        """Apply a JSON array or NDJSON in one transaction; answer for each record in the order sent."""
        refuse_unknown_parameters(request, ("mode", "atomic"))
        mode = option(request, "mode", ("upsert", "update_only", "dry_run"))
        atomic = option(request, "atomic", ("false", "true")) == "true"
        lines = is_lines(request._request, allow_lines=True)
        body = read_body(request._request)
        token, source = self.writer(request)

        def work() -> Answer:
            try:
                decoded = decode_body(body, self.resource, lines=lines)
            except BodyError as error:
                raise Problem(error.status, error.code, error.detail) from error
            outcome = run_batch(
                resource=self.resource,
                source=source,
                decoded=decoded,
                client_id=token.client_id,
                mode=Batch.Mode.UPDATE_ONLY if mode == "update_only" else Batch.Mode.UPSERT,
                dry_run=mode == "dry_run",
                atomic=atomic,
            )
            return Answer(200, bulk_body(outcome), outcome)

        answer = answer_once(request, body, work)
        follow_up(answer)
        return json_response(answer)


class ListView(ResourceView):
    pass


class ObjectView(ResourceView):
    pass


class RecordView(ResourceView):
    pass
