"""Every method of every resource of Cartesia's client, called once with whatever it requires: what comes of it, as one JSON line each.

Runs with any `cartesia` from 3.2 on, and nothing else installed.
"""

import argparse
import inspect
import io
import json
import sys

import cartesia
from cartesia import Cartesia
from cartesia._resource import SyncAPIResource

RAW = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16000}
KNOWN = {
    "output_format": RAW,
    "voice": {"mode": "id", "id": "a0e99841-438c-4a64-b679-ae501e7d6091"},
    "model_id": "sonic-3.5",
    "transcript": "Hello there.",
    "model": "ink-whisper",
}
FILES = ("clip", "file", "left_audio", "right_audio")
LISTS = ("accents", "items")


def argument(name: str) -> object:
    if name in FILES:
        return io.BytesIO(b"RIFF")
    return ["x"] if name in LISTS else KNOWN.get(name, "x")


def methods(resource: object, path: str):
    """Dotted names and bound methods below a resource."""
    for name, member in inspect.getmembers(type(resource)):
        if name.startswith(("_", "with_", "websocket")):
            continue
        if isinstance(member, property) or type(member).__name__ == "cached_property":
            inner = getattr(resource, name)
            if isinstance(inner, SyncAPIResource):
                yield from methods(inner, f"{path}{name}.")
        elif inspect.isfunction(member):
            yield path + name, getattr(resource, name)


def outcome(method: object) -> dict[str, object]:
    parameters = list(inspect.signature(method).parameters.values())
    needed = {p.name: argument(p.name) for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD}
    try:
        answer = method(**needed)
        kind = type(answer).__name__
        if hasattr(answer, "__iter__") and not isinstance(answer, str | list) and kind.startswith(("Sync", "Stream")):
            kind += f" of {len(list(answer))}" if kind.startswith("Sync") else f" {[e.type for e in answer][-1:]}"
    except cartesia.APIStatusError as error:
        body = error.body if isinstance(error.body, dict) else {}
        whole = all(isinstance(body.get(name), str) for name in ("title", "message", "request_id"))
        answered = whole and not body["message"].startswith("There is nothing at")
        return {"kind": type(error).__name__, "status": error.status_code, "answered": answered}
    return {"kind": kind, "answered": True}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True, help="host:port of the server")
    options = parser.parse_args()
    client = Cartesia(api_key="test-key", base_url=f"http://{options.host}", max_retries=0)
    for name, member in inspect.getmembers(type(client)):
        if name.startswith(("_", "with_")) or type(member).__name__ not in ("property", "cached_property"):
            continue
        resource = getattr(client, name)
        if isinstance(resource, SyncAPIResource):
            for path, method in methods(resource, f"{name}."):
                sys.stdout.write(json.dumps({"method": path, **outcome(method)}) + "\n")
