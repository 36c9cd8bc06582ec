"""The HTTP interface as an OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from litestar.routes import HTTPRoute

from duologue.server.http_description import describe
from duologue.sim.clock import run
from tests.server.driving import application


def document() -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    async def main() -> None:
        async with application() as app:
            found.append(describe(app.http.routes, ["/tts/websocket"]))

    run(main())
    return json.loads(json.dumps(found[0]))


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (each for name, each in value.items() if name == "$ref")
        yield from (found for each in value.values() for found in references(each))
    elif isinstance(value, list):
        yield from (found for each in value for found in references(each))


def test_every_route_is_described_and_says_what_it_does() -> None:
    async def main() -> None:
        async with application() as app:
            described = describe(app.http.routes)
            served = {
                (route.path.replace(":str", ""), method.lower())
                for route in app.http.routes
                if isinstance(route, HTTPRoute)
                for method in route.methods
                if method != "OPTIONS"
            }
            assert {(path, method) for path, method, _ in operations(described)} == served

    run(main())
    for path, method, operation in operations(document()):
        assert len(operation["summary"]) > 5, (path, method)
        assert operation["responses"]["default"]


def test_operations_have_ids_of_their_own() -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document())]
    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere() -> None:
    described = document()
    found = list(references(described))
    assert found
    for reference in found:
        place: Any = described
        for name in reference.removeprefix("#/").split("/"):
            place = place[name]


def test_path_parameters_are_declared() -> None:
    for path, _, operation in operations(document()):
        declared = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
        assert all(f"{{{name}}}" in path for name in declared)
        assert path.count("{") == len(declared)


def test_bodies_forms_and_queries_are_named() -> None:
    described = document()
    bytes_body = described["paths"]["/tts/bytes"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    members = described["components"]["schemas"][bytes_body["$ref"].rsplit("/", 1)[1]]["properties"]
    assert {"transcript", "voice", "output_format", "generation_config"} <= members.keys()
    form = described["paths"]["/stt"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["file", "model"]
    assert form["properties"]["file"]["format"] == "binary"
    query = {each["name"] for each in described["paths"]["/voices"]["get"]["parameters"]}
    assert {"limit", "starting_after", "q"} <= query


def test_what_needs_no_key_says_so() -> None:
    paths = document()["paths"]
    assert paths["/healthz"]["get"]["security"] == []
    assert {"bearer": []} in paths["/voices"]["get"]["security"]
