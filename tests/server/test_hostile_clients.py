"""Hostile clients on real sockets: each is refused, told or let go, and behind them all the server is as it was.

No traceback and no secret in the log, no connection, no place and no usage row open. What takes patience has a test in virtual time
beside its module: `test_http_protocol.py`, `test_protocol.py`, `test_socket.py`.
"""

from __future__ import annotations

import base64
import json
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import jwt
import pytest
from sqlalchemy import select

from duologue.auth.keys import KeyStore, NewKey
from duologue.storage import USAGE, Database
from tests.running_server import RunningServer, get, running_server
from tests.server.test_limits import LIGHT, LIMIT_S

AGENT, SPEECH = "/v1/agent/converse", "/tts/websocket"
TEXT, BINARY, CONTINUED, CLOSE, PING = 1, 2, 0, 8, 9
PLACES = 20
ANSWERS = [{"text": "One moment.", "calls": [{"id": "c", "name": "book", "arguments": "{}"}]}, {"text": "Done."}]
SETTINGS: dict[str, Any] = {
    "type": "Settings",
    "audio": {"input": {"encoding": "linear16", "sample_rate": 16_000}},
    "agent": {
        "greeting": "Hello there, " * 40,
        "think": {"provider": {"type": "open_ai", "model": "x"}, "functions": [{"name": "book", "parameters": {}}]},
    },
}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    config = {
        **LIGHT,
        "auth": {"mode": "keys", "agent_per_key": PLACES},
        "usage": {"checkpoint_s": 1.0},
        "think": {"providers": {"open_ai": {"client": "scripted", "answers": ANSWERS}}},
        "limits": {"slow_reader_s": 1.0},
    }
    with running_server(config) as running:
        yield running


@pytest.fixture(scope="module")
def database(server: RunningServer) -> Iterator[Database]:
    opened = Database.open(folder=server.folder)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def key(database: Database) -> NewKey:
    return KeyStore(database).create("hostile", 0.0)


@pytest.fixture(autouse=True)
def as_it_was(server: RunningServer, database: Database, key: NewKey) -> Iterator[None]:
    """Whatever the client did: the server lives, has nothing left of it, and its log tells neither secrets nor our mistakes."""
    before = len(server.log)
    yield
    deadline = time.monotonic() + LIMIT_S
    while left := (connections(server) or open_rows(database)):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    assert get(server, "/healthz")[0] == 200
    logged = server.log[before:]
    assert "Traceback" not in logged, logged
    assert "[error" not in logged, logged
    assert key.text not in logged


def connections(server: RunningServer) -> list[str]:
    lines = str(get(server, "/metrics")[1]).splitlines()
    return [line for line in lines if line.startswith("duologue_connections{") and not line.endswith(" 0.0")]


def open_rows(database: Database) -> list[Any]:
    with database.transaction() as connection:
        return list(connection.execute(select(USAGE.c.id).where(USAGE.c.status == "open")))


def raw(server: RunningServer, said: bytes = b"", *, small: bool = False) -> socket.socket:
    """A connection on which this was said; a `small` one has hardly room for what it does not read."""
    client = socket.socket()
    if small:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.settimeout(LIMIT_S)
    client.connect(("127.0.0.1", server.port))
    with suppress(ConnectionError):  # it may have heard enough
        client.sendall(said)
    return client


def heard(client: socket.socket) -> bytes:
    """Everything until the server hangs up."""
    said = b""
    with client, suppress(ConnectionError):
        while piece := client.recv(65_536):
            said += piece
    return said


def asked(method: str, path: str, key: NewKey | None = None, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", f"Content-Length: {len(body)}", *headers]
    lines += [f"Authorization: Token {key.text}"] if key else []
    return "\r\n".join((*lines, "", "")).encode() + body


def handshake(path: str, key: NewKey | None = None, *headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade", *headers]
    lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}"]
    lines += [f"Authorization: Token {key.text}"] if key else []
    return "\r\n".join((*lines, "", "")).encode()


def frame(opcode: int, payload: bytes = b"", *, first: int = 0x80, masked: bool = True) -> bytes:
    """A frame; `first` holds the bits beside the opcode."""
    size, mask = len(payload), 0x80 if masked else 0
    length = bytes([mask | size]) if size < 126 else struct.pack(">BQ", mask | 127, size)
    return bytes([first | opcode]) + length + (bytes(4) if masked else b"") + payload


def upgraded(server: RunningServer, path: str, key: NewKey, *, small: bool = False) -> socket.socket:
    client = raw(server, handshake(path, key), small=small)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1)
    assert b" 101 " in head
    return client


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (b"BREW / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", 400),
        (b"POST /access-token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 2\r\n\r\n{}", 400),
        (b"POST /access-token HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n{}", 400),
        (handshake(f"/v1/listen?x={'a' * 65_536}"), 400),
        (handshake(SPEECH).replace(b"GET", b"POST"), 405),
        (handshake(SPEECH).replace(b"Version: 13", b"Version: 99"), 400),
        (handshake(SPEECH, None, "Sec-WebSocket-Protocol: token\x0b, x"), 400),
    ],
)
def test_what_is_no_request_is_refused_and_hung_up_on(server: RunningServer, said: bytes, answered: int) -> None:
    assert status(heard(raw(server, said))) == answered


@pytest.mark.parametrize(
    "path",
    [
        "/console/../../../etc/passwd",
        "/console/..%2f..%2f..%2fetc%2fpasswd",
        "/console/%2e%2e/%2e%2e/secret",
        "//etc/passwd",
        "/console/x%00.js",
        "/console/..\\..\\secret",
        "/voices/..%2f..%2f",
        "/agents/stream/..%2f..%2fx",
    ],
)
def test_no_path_leads_out_of_what_is_served(server: RunningServer, key: NewKey, path: str) -> None:
    assert status(heard(raw(server, asked("GET", path, key)))) == 404


def test_a_clients_words_never_make_a_header_of_their_own(server: RunningServer, key: NewKey) -> None:
    for said in (
        handshake("/v1/listen?encoding=x%0d%0aX-Evil:1&sample_rate=1", key),
        handshake("/nowhere%0d%0aX-Evil:%201", key),
        asked("POST", "/v1/speak?encoding=x%0d%0aX-Evil:1", key, b"{}"),
    ):
        answer = heard(raw(server, said))
        assert status(answer) >= 400
        assert b"\nX-Evil" not in answer.partition(b"\r\n\r\n")[0]


def test_a_body_that_is_shorter_than_announced_is_no_mistake_of_the_servers(server: RunningServer, key: NewKey) -> None:
    for path in ("/access-token", "/v1/listen", "/stt", "/tts/bytes"):
        client = raw(server, asked("POST", path, key).replace(b"Content-Length: 0", b"Content-Length: 50") + b"{}")
        client.shutdown(socket.SHUT_WR)
        time.sleep(0.05)
        client.close()


def test_a_body_without_end_is_refused(server: RunningServer, key: NewKey) -> None:
    said = asked("POST", "/access-token", key).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    client = raw(server, said + (b"10000\r\n" + bytes(65_536) + b"\r\n") * 20)
    assert status(client.recv(1_000)) == 413
    client.close()


def test_forms_with_too_many_fields_or_headers_are_refused(server: RunningServer, key: NewKey) -> None:
    part = b'--edge\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
    kind = "Content-Type: multipart/form-data; boundary=edge"
    for body, answered in (
        (part * 5_000 + b"--edge--\r\n", 413),
        (b"--edge\r\n" + b"X: y\r\n" * 50_000 + b"\r\n--edge--\r\n", 413),
        (b"--e" * 500_000, 400),
    ):
        answer = heard(raw(server, asked("POST", "/stt", key, body, kind)))
        assert not answer or status(answer) == answered, "an answer may be lost where the rest is not read"


@pytest.mark.parametrize("claimed", [0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF])
def test_a_wav_that_claims_gigabytes_is_what_it_is(server: RunningServer, key: NewKey, claimed: int) -> None:
    wav = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", claimed, b"WAVE", b"fmt ", 16, 1, 1, 16_000, 32_000, 2, 16, b"data", claimed
    )
    answer = heard(raw(server, asked("POST", "/v1/listen", key, wav + bytes(32_000), "Content-Type: audio/wav")))
    assert status(answer) == 200
    assert round(json.loads(answer.partition(b"\r\n\r\n")[2])["metadata"]["duration"], 1) == 1.0


BROKEN = {
    "not masked": (frame(TEXT, b"{}", masked=False), 1002),
    "a reserved opcode": (frame(3, b"x"), 1002),
    "a reserved control opcode": (frame(0xB, b"x"), 1002),
    "a compressed frame that was not agreed on": (frame(TEXT, b"{}", first=0xC0), 1002),
    "no UTF-8": (frame(TEXT, b"\xff\xfe{}"), 1007),
    "half a ping": (frame(PING, b"a", first=0), 1002),
    "a long ping": (frame(PING, b"a" * 126), 1002),
    "a fragment of nothing": (frame(CONTINUED, b"x"), 1002),
    "two messages in one": (frame(TEXT, b"{", first=0) + frame(TEXT, b"}"), 1002),
    "a close of one byte": (frame(CLOSE, b"\x03"), 1002),
    "a close with a code there is not": (frame(CLOSE, struct.pack(">H", 999)), 1002),
    "8 exabytes": (b"\x82\xff" + struct.pack(">Q", 2**63 - 1) + bytes(4), 1009),
    "10 MB of text": (frame(TEXT, b"a" * 10_000_000), 1009),
    "10 MB of audio": (frame(BINARY, bytes(10_000_000)), 1009),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_frame_closes_with_the_code_for_it(server: RunningServer, key: NewKey, kind: str) -> None:
    said, code = BROKEN[kind]
    client = upgraded(server, AGENT, key)
    client.sendall(said)
    told = b""
    with client:
        while struct.pack(">H", code) not in told:
            piece = client.recv(65_536)
            assert piece, told
            told += piece


def test_a_message_in_a_hundred_thousand_fragments_is_a_message(server: RunningServer, key: NewKey) -> None:
    with upgraded(server, SPEECH, key) as client:
        spaces = frame(CONTINUED, b" ", first=0) * 100_000
        client.sendall(frame(TEXT, b'{"type":"nonsense"', first=0) + spaces + frame(CONTINUED, b"}"))
        assert b'"type":"error"' in client.recv(65_536)


def test_500_at_once_get_a_place_or_a_429(server: RunningServer, key: NewKey) -> None:
    with ExitStack() as crowd:
        clients = [crowd.enter_context(raw(server, handshake(AGENT, key))) for _ in range(500)]
        codes = [status(client.recv(12)) for client in clients]
    assert {code: codes.count(code) for code in set(codes)} == {101: PLACES, 429: 500 - PLACES}


LEAVING: dict[str, tuple[bytes, ...]] = {
    "at once": (),
    "with half a frame": (frame(TEXT, b'{"type":')[:9],),
    "before the settings are whole": (frame(TEXT, b'{"type":"Settings","audio":', first=0),),
    "with the settings": (frame(TEXT, json.dumps(SETTINGS).encode()),),
    "in the middle of a function call": (
        frame(TEXT, json.dumps(SETTINGS | {"agent": SETTINGS["agent"] | {"greeting": ""}}).encode()),
        frame(TEXT, b'{"type":"InjectUserMessage","content":"book it"}'),
        b"FunctionCallRequest",
    ),
    "in the middle of the greeting": (frame(TEXT, json.dumps(SETTINGS).encode()), b"ConversationText"),
}


@pytest.mark.parametrize("reset", [False, True], ids=["by closing", "by a reset"])
@pytest.mark.parametrize("when", LEAVING)
def test_a_client_may_vanish_at_any_time(server: RunningServer, key: NewKey, when: str, reset: bool) -> None:
    client = upgraded(server, AGENT, key)
    for step in LEAVING[when]:
        if step[:1] in (b"\x81", b"\x01"):
            client.sendall(step)
            continue
        came = b""
        while step not in came:
            piece = client.recv(65_536)
            assert piece, came
            came += piece
    if reset:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def test_an_answer_nobody_takes_gives_its_place_back(server: RunningServer, database: Database, key: NewKey) -> None:
    """The kernel alone would take a quarter of an hour."""
    wanted = {
        "model_id": "sonic",
        "transcript": "Hello there my friend. " * 4_000,
        "voice": {"mode": "id", "id": "v"},
        "output_format": {"container": "raw", "encoding": "pcm_f32le", "sample_rate": 48_000},
    }
    with raw(server, asked("POST", "/tts/bytes", key, json.dumps(wanted).encode()), small=True) as client:
        assert client.recv(12) == b"HTTP/1.1 200"
        deadline = time.monotonic() + LIMIT_S
        while open_rows(database):
            assert time.monotonic() < deadline, "the place is still held"
            time.sleep(0.1)


def token_of(server: RunningServer, key: NewKey) -> str:
    body = json.dumps({"grants": {"tts": True}, "expires_in": 600}).encode()
    answer = heard(raw(server, asked("POST", "/access-token", key, body, "Content-Type: application/json")))
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["token"])


def b64(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_forged_token_opens_nothing(server: RunningServer, key: NewKey) -> None:
    token = token_of(server, key)
    head, _, signature = token.split(".")
    kid = jwt.get_unverified_header(token)["kid"]
    more = {**jwt.decode(token, options={"verify_signature": False}), "grants": ["agent", "stt", "tts"], "exp": 10**10}
    forged = {
        "without a signature": f"{b64({'alg': 'none', 'kid': kid})}.{b64(more)}.",
        "with another's claims": f"{head}.{b64(more)}.{signature}",
        "signed by somebody else": jwt.encode(more, "x" * 32, "HS256", headers={"kid": kid}),
        "signed in another way": jwt.encode(more, "x" * 64, "HS512", headers={"kid": kid}),
        "of another key": jwt.encode(more, "x" * 32, "HS256", headers={"kid": "0" * 16}),
        "of a key in a file": f"{b64({'alg': 'HS256', 'kid': '../../../dev/null'})}.{b64(more)}.{signature}",
    }
    for text in forged.values():
        for said in (handshake(SPEECH, None, f"X-API-Key: {text}"), handshake(f"{SPEECH}?access_token={text}")):
            assert status(heard(raw(server, said))) == 401
    answer = heard(raw(server, handshake(AGENT, None, f"X-API-Key: {token}")))
    assert (status(answer), b"does not grant 'agent'" in answer) == (403, True)
    with raw(server, handshake(SPEECH, None, f"X-API-Key: {token}")) as client:
        assert status(client.recv(100)) == 101
    answer = heard(raw(server, asked("POST", "/access-token", None, b"{}", f"X-API-Key: {token}")))
    assert status(answer) == 403, "tokens make no tokens"
