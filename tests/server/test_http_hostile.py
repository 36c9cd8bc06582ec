"""Any request is answered in order: never with a 500, errors with the members the vendors' clients read, and every place is given back."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar.routes import HTTPRoute

from duologue.server.app import Application
from tests.server.driving import application, light
from tests.server.test_http import request

SMALL = {"http_body_bytes": 5_000, "upload_bytes": 20_000, "context_characters": 200}
ALLOWED_ABOVE = {501}
"""Statuses from 500 on that are no accident."""

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["", "sonic-3", "clara", "en", "raw", "wav", "mp3", "pcm_s16le", "word", "😀", "\ud800", "\x00", "9" * 400]
    ),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
SPEECH = {
    "model_id": "sonic-3",
    "transcript": "Hello.",
    "voice": {"mode": "id", "id": "clara"},
    "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16000},
}
MEMBERS = [
    *SPEECH,
    *("language", "locale", "generation_config", "speed", "save", "add_timestamps", "context_id", "continue", "flush"),
    *("cancel", "max_buffer_delay_ms", "pronunciation_dict_id", "duration", "grants", "expires_in"),
]
FORMAT_MEMBERS = ["container", "encoding", "sample_rate", "bit_rate"]


def recorded() -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(1600, np.float32), 16_000, format="WAV")
    return file.getvalue()


WAV = recorded()


@st.composite
def json_bodies(draw: st.DrawFn) -> bytes:
    """What Cartesia documents, with some members changed, left out or added."""
    body: dict[str, Any] = json.loads(json.dumps(SPEECH))
    for name in draw(st.lists(st.sampled_from(MEMBERS), max_size=3)):
        body[name] = draw(values)
    for name in draw(st.lists(st.sampled_from(FORMAT_MEMBERS), max_size=2)):
        if isinstance(body["output_format"], dict):
            body["output_format"][name] = draw(scalars)
    for name in draw(st.lists(st.sampled_from(MEMBERS), max_size=1)):
        body.pop(name, None)
    return json.dumps(body).encode("utf-8", "surrogatepass")


@st.composite
def forms(draw: st.DrawFn) -> bytes:
    """A multipart form that is right, or nearly."""
    names = st.sampled_from(["file", "model", "language", "timestamp_granularities[]", "voice[id]", "x\r\n"])
    contents = st.sampled_from([WAV, WAV[:50], b"", b"ink-whisper", b"en", b"word", b"\xff" * 30, b"--edge", b"\r\n"])
    parts = []
    for name, content in [*draw(st.lists(st.tuples(names, contents), max_size=4)), ("model", b"ink-2"), ("file", WAV)]:
        file = b'; filename="a.wav"' if name == "file" else b""
        kind = draw(st.sampled_from([b"", b"", b"\r\nContent-Type: text/plain; charset=klingon"]))
        head = b'--edge\r\nContent-Disposition: form-data; name="' + name.encode() + b'"' + file
        parts.append(head + kind + b"\r\n\r\n" + content + b"\r\n")
    whole = b"".join(parts) + b"--edge--\r\n"
    return whole[: draw(st.integers(0, len(whole)))] if draw(st.booleans()) else whole


TAKERS = {
    "/tts/bytes": ("application/json", json_bodies()),
    "/tts/sse": ("application/json", json_bodies()),
    "/access-token": ("application/json", json_bodies()),
    "/stt": ("multipart/form-data; boundary=edge", forms()),
    "/audio/transcriptions": ("multipart/form-data; boundary=edge", forms()),
}
"""Routes that read a body, and bodies that are nearly right for them."""

bodies = st.one_of(
    json_bodies(), json_bodies(), forms(), st.binary(max_size=200), values.map(lambda value: json.dumps(value).encode())
)
kinds = st.sampled_from(
    [
        *("application/json", "multipart/form-data; boundary=edge", "multipart/form-data", "text/plain", ""),
        *("multipart/form-data; boundary=", "application/x-www-form-urlencoded", "multipart/form-data; boundary=é"),
    ]
)
QUERIED = "limit starting_after ending_before q gender language is_owner encoding sample_rate expand[] api_key access_token % a[b".split()
ANSWERS = ["", *"1 -1 0 1e9 nan true en pcm_s16le pcm_alaw 16000 7 %ff é +".split(), "9" * 400]
queries = st.lists(st.tuples(st.sampled_from(QUERIED), st.sampled_from(ANSWERS)), max_size=4).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
)
odd_paths = st.sampled_from(
    [
        "/",
        "//",
        "/voices/",
        "/voices//",
        "/voices/%2e%2e",
        "/voices/\x00",
        "/voices/" + "x" * 3000,
        "/é",
        "/tts/websocket",
        "/docs/x",
    ]
)
methods = st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "TRACE", "BREW"])


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """A request; which of the routes it is for is chosen when they are known."""
    headers = [(b"content-type", draw(kinds).encode("latin-1"))]
    if draw(st.booleans()):
        headers.append((b"authorization", draw(st.sampled_from([b"Bearer x", b"Token", b"Basic \xff", b""]))))
    if draw(st.booleans()):
        headers.append((b"origin", draw(st.sampled_from([b"http://localhost:1", b"null", b"http://[", b"\xff"]))))
    return {
        "route": draw(st.sampled_from(range(1000))),
        "odd_path": draw(st.none() | odd_paths),
        "method": draw(st.none() | methods),
        "query": draw(queries),
        "headers": headers,
        "body": draw(bodies),
    }


def routes_of(app: Application) -> list[tuple[str, str]]:
    """Paths that lead somewhere, with the methods that are right there."""
    return sorted(
        (
            route.path.replace("{voice_id:str}", "clara").replace("{item_id:str}", "x").replace("{accent_id:str}", "y"),
            method,
        )
        for route in app.http.routes
        if isinstance(route, HTTPRoute)
        for method in route.methods
    )


async def ask(app: Application, asked: dict[str, Any]) -> None:
    routes = routes_of(app)
    path, method = routes[asked["route"] * 7919 % len(routes)]  # far apart: drawn numbers lie close together
    path, method = asked["odd_path"] or path, asked["method"] or method
    await ask_at(app, path, method, asked)


async def ask_at(app: Application, path: str, method: str, asked: dict[str, Any]) -> int:
    whole = f"{path}?{asked['query']}" if asked["query"] else path
    status, headers, body = await request(app, whole, method=method, headers=asked["headers"], body=asked["body"])
    assert status < 500 or status in ALLOWED_ABOVE, (method, path, status, body)
    if status >= 400 and method != "HEAD":
        assert headers["content-type"].startswith("application/json"), (method, path, status, body)
        members = ("message", "request_id", "category" if path.startswith("/v1/") else "title")
        assert all(body[name] for name in members), (method, path, body)
    if status == 405:
        assert headers["allow"]
    assert app.services.limiter.held == 0
    return status


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[asyncio.AbstractEventLoop, Application]]:
    """One server for all of them, which has to bear them all."""
    loop = asyncio.new_event_loop()
    running = application(light(limits=SMALL))
    try:
        yield loop, loop.run_until_complete(running.__aenter__())
    finally:
        loop.run_until_complete(running.__aexit__(None, None, None))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@settings(max_examples=300)
@given(asked=requests())
def test_any_request_is_answered_in_order(
    served: tuple[asyncio.AbstractEventLoop, Application], asked: dict[str, Any]
) -> None:
    loop, app = served
    loop.run_until_complete(ask(app, asked))


# Litestar leaves the uploads of a form that it cannot read to the collector, which closes them and warns.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("path", TAKERS)
def test_a_body_that_is_nearly_right_is_done_or_refused(
    served: tuple[asyncio.AbstractEventLoop, Application], path: str
) -> None:
    kind, nearly_right = TAKERS[path]
    loop, app = served
    seen: set[int] = set()

    @settings(max_examples=60)
    @given(body=nearly_right, query=st.just("") | st.just("") | queries)
    def check(body: bytes, query: str) -> None:
        asked = {"query": query, "headers": [(b"content-type", kind.encode())], "body": body}
        seen.add(loop.run_until_complete(ask_at(app, path, "POST", asked)))

    check()
    assert {200, 400} <= seen
