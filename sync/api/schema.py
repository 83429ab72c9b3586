"""OpenAPI of the declared resources, through drf-spectacular."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent

from sync.api.components import Schema, components
from sync.api.operations import OPERATIONS

if TYPE_CHECKING:
    from sync.api.views import ResourceView


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes tokens, of every view that takes them."""

    target_class = "sync.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> Schema:
        """Return the scheme."""
        return {"type": "http", "scheme": "bearer", "description": "`manage.py issue_token` prints one."}


class ResourceSchema(AutoSchema):
    """Describe a view of a declared resource; the view says which of the operations below it is."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> Schema | None:
        """Return the operation as OpenAPI, with its components put into ``registry``."""
        if method not in {"GET", "PUT", "POST", "DELETE"}:
            return None
        self.registry, self.path, self.method = registry, path, method
        view = cast("ResourceView", self.view)
        resource = view.resource
        for name, schema in components(resource).items():
            registry.register_on_missing(
                ResolvedComponent(  # type: ignore[no-untyped-call]
                    name=name, type=ResolvedComponent.SCHEMA, schema=deepcopy(schema), object=name
                )
            )
        kind = view.operations[method]
        operation: Schema = OPERATIONS[kind](resource)
        action = "read" if method == "GET" else "write"
        return {
            "operationId": f"{kind}_{resource.key.replace('-', '_')}",
            "tags": [resource.key],
            "security": self.get_auth(),
            **operation,
            "description": f"{operation['description']}\n\nNeeds the scope `{resource.scope_name}:{action}`.",
        }
