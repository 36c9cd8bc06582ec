"""What the HTTP interface looks like from outside: OpenAPI 3.1, made from the routes themselves.

Handlers take raw requests, because the vendors' bodies are read more tolerantly than any schema says. What a client may send is therefore
said beside each handler, in a `Described` under the key `DESCRIBED` of its options.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.routes import BaseRoute, HTTPRoute

from duologue import __version__

DESCRIBED = "described"
"""The key of a `Described` in a handler's options."""

_PARAMETER = re.compile(r"\{(?P<name>\w+):?[^}]*\}")
_SILENT = frozenset(("OPTIONS", "HEAD"))
_ERROR = {
    "type": "object",
    "description": "The members of both vendors' errors; `error_code`, `title` and `message` are Cartesia's, the rest Deepgram's.",
    "properties": {
        "error_code": {"type": ["string", "null"]},
        "title": {"type": "string"},
        "message": {"type": "string"},
        "request_id": {"type": "string"},
        "category": {"type": "string"},
        "details": {"type": "string"},
    },
    "required": ["error_code", "title", "message", "request_id"],
}
_CREDENTIALS = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key, or an access token"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "api_key"},
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter or a field of a form."""

    name: str
    description: str = ""
    kind: str = "string"
    """`string`, `integer`, `boolean`, `file`, or `array` of strings."""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Described:
    """What the signature of a handler does not say."""

    group: str
    """Operations are shown together by this."""
    query: tuple[Parameter, ...] = ()
    body: type[msgspec.Struct] | None = None
    """Of a JSON request."""
    form: tuple[Parameter, ...] = ()
    """Of a multipart request."""
    answers: tuple[str, ...] = ("application/json",)
    """Media types of the answer."""
    key: bool = True
    """Whether a credential is needed where keys are."""


def describe(routes: Iterable[BaseRoute], sockets: Sequence[str] = ()) -> dict[str, Any]:
    """The OpenAPI document of all HTTP routes. `sockets` are named in its text: OpenAPI has no words for WebSockets."""
    found = sorted(_operations(routes), key=lambda operation: (operation[0], operation[1]))
    bodies = {described.body for _, _, _, described in found if described.body is not None}
    shapes, components = msgspec.json.schema_components(
        sorted(bodies, key=lambda body: body.__name__), ref_template="#/components/schemas/{name}"
    )
    shape_of = dict(zip(sorted(bodies, key=lambda body: body.__name__), shapes, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for path, method, handler, described in found:
        paths.setdefault(path, {})[method.lower()] = _operation(path, method, handler, described, shape_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "duologue",
            "version": __version__,
            "description": f"WebSockets, which this format cannot describe: {', '.join(f'`{path}`' for path in sockets)}.",
        },
        "paths": paths,
        "components": {"schemas": {**components, "Error": _ERROR}, "securitySchemes": _CREDENTIALS},
    }


def _operations(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str, HTTPRouteHandler, Described]]:
    for route in routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if method not in _SILENT:
                    described = handler.opt.get(DESCRIBED, Described("server"))
                    yield _PARAMETER.sub(r"{\g<name>}", route.path), method, handler, described


def _operation(
    path: str, method: str, handler: HTTPRouteHandler, described: Described, shape_of: dict[type[msgspec.Struct], Any]
) -> dict[str, Any]:
    summary, _, more = (handler.fn.__doc__ or handler.handler_name).strip().partition(". ")
    operation: dict[str, Any] = {
        "operationId": f"{method.lower()}{re.sub(r'[^a-z0-9]+', '_', path.lower()).rstrip('_')}",
        "tags": [described.group],
        "summary": summary.rstrip("."),
        "description": " ".join(more.split()),
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in _names(path)),
            *(_in_query(parameter) for parameter in described.query),
        ],
        "responses": {
            "200": {"description": "Done", "content": {kind: {} for kind in described.answers}},
            "default": {"description": "Refused", "content": _json({"$ref": "#/components/schemas/Error"})},
        },
        "security": [{name: []} for name in _CREDENTIALS] if described.key else [],
    }
    if described.body is not None:
        operation["requestBody"] = {"required": True, "content": _json(shape_of[described.body])}
    elif described.form:
        form = {
            "type": "object",
            "properties": {field.name: _schema(field) for field in described.form},
            "required": [field.name for field in described.form if field.required],
        }
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    return operation


def _names(path: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", path)


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _in_query(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.description,
        "schema": _schema(parameter, described=False),
    }


def _schema(parameter: Parameter, *, described: bool = True) -> dict[str, Any]:
    schemas: dict[str, dict[str, Any]] = {
        "file": {"type": "string", "format": "binary"},
        "array": {"type": "array", "items": {"type": "string"}},
    }
    schema = schemas.get(parameter.kind, {"type": parameter.kind})
    return {**schema, "description": parameter.description} if described and parameter.description else schema
