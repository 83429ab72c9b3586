"""OpenAPI of the declared resources, through drf-spectacular."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent

from sync.api.components import Schema, components
from sync.api.operations import OPERATIONS
from sync.authentication import SAFE
from sync.services import known_scopes

if TYPE_CHECKING:
    from sync.api.pending import PendingView
    from sync.api.views import ResourceView


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes the ways to a token, of every view that takes them."""

    target_class = "sync.authentication.TokenAuthentication"
    name = ["token", "oauth2"]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[Any]]]:
        """Return the ways, either of which is enough, with the scope that the call needs."""
        scope = getattr(auto_schema.view, "scope", "")
        action = "read" if auto_schema.method in SAFE else "write"
        return [{"token": []}, {"oauth2": [f"{scope}:{action}"] if scope else []}]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[Schema]:
        """Return the schemes."""
        scopes = {scope: _meaning(scope) for scope in known_scopes()}
        return [
            {
                "type": "http",
                "scheme": "bearer",
                "description": "A token of RevOps, from the tokens page or `manage.py issue_token`.",
            },
            {
                "type": "oauth2",
                "description": "A token for an hour, for the id and secret that RevOps or "
                "`manage.py issue_client` gave: by HTTP Basic, or as `client_id` and `client_secret` in the form.",
                "flows": {"clientCredentials": {"tokenUrl": "/oauth/token/", "scopes": scopes}},
            },
        ]


def _meaning(scope: str) -> str:
    name, _, action = scope.partition(":")
    return f"{action.capitalize()} {'everything' if name == '*' else name}"


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
        _register(registry, components(resource))
        kind = view.operations[method]
        operation: Schema = OPERATIONS[kind](resource)
        action = "read" if method == "GET" else "write"
        return {
            "operationId": f"{kind}_{resource.key.replace('-', '_')}",
            "tags": [resource.key],
            "security": _callers(self),
            **operation,
            "description": f"{operation['description']}\n\nNeeds the scope `{resource.scope_name}:{action}`.",
        }


class PlainSchema(AutoSchema):
    """Describe a view that says itself what it does: ``operation`` of those ``described``, with ``components``."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> Schema | None:
        """Return the operation as OpenAPI, with its components put into ``registry``."""
        self.registry, self.path, self.method = registry, path, method
        view = cast("PendingView", self.view)
        if method not in {"GET", "POST"}:
            return None
        _register(registry, view.components)
        return {"operationId": view.operation, "security": _callers(self), **view.described()[view.operation]}


def _callers(schema: AutoSchema) -> list[Schema]:
    """Return who may call: a person who is signed in only reads."""
    ways: list[Schema] = schema.get_auth()
    return [way for way in ways if schema.method in SAFE or "cookieAuth" not in way]


def _register(registry: ComponentRegistry, schemas: Mapping[str, Schema]) -> None:
    for name, schema in schemas.items():
        registry.register_on_missing(
            ResolvedComponent(  # type: ignore[no-untyped-call]
                name=name, type=ResolvedComponent.SCHEMA, schema=deepcopy(schema), object=name
            )
        )
