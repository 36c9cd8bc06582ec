"""The link between the server and a worker: frames on a byte stream. Pure; both ends use it.

A frame is a length (four bytes, big-endian) and a msgpack array `[stream, kind, payload]`. Stream 0 is the worker itself. The payload of a
control frame is a number or a value named below; the payload of an item is one of the values of the engine's `Vocabulary`.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Any, TypeAlias, get_origin

import msgspec
import numpy as np

from duologue.errors import Bug

MAX_FRAME_BYTES = 64 * 1024 * 1024
"""Nothing an engine says in one piece is larger: 64 MiB is over five minutes of speech at 48 kHz."""

_LENGTH = struct.Struct(">I")


class Kind(IntEnum):
    """What a frame says. Kinds from `FIRST_ITEM` on are values of the vocabulary."""

    START = 0
    """To the worker, stream 0, first of all: an `EngineSpec`."""
    OPEN = 1
    """Begin a stream; a `Window`. Its options follow as an item."""
    FLUSH = 2
    """Give up everything held back; the payload is the flush's number."""
    CANCEL = 3
    """Forget what is queued and what is being worked on."""
    CLOSE = 4
    """End the stream."""
    TAKEN = 5
    """The reader has taken so many results."""
    PROBE = 6
    """Stream 0: are you there? The payload comes back in `PROBED`."""

    READY = 16
    """From the worker, stream 0: the engine is loaded; an `EngineInfo`."""
    OPENED = 17
    REFUSED = 18
    """The stream was not opened; a `Refusal`."""
    FLUSHED = 19
    CANCELLED = 20
    """Everything before the cancel has been said or forgotten."""
    FAILED = 21
    """The stream (or, on stream 0, the engine) failed and is gone; a `Failure`."""
    DONE = 22
    """So many items have been worked off."""
    PROBED = 23


FIRST_ITEM = 32

Frame: TypeAlias = tuple[int, int, msgspec.Raw]


class Window(msgspec.Struct, array_like=True, frozen=True):
    """How far a stream may run ahead of its reader, and how often it says how far it has come."""

    ahead: int
    """Results sent and not yet taken."""
    done_items: int
    """Items worked off without a word, and the bytes of them: a word per item would wake the server twice for each step."""
    done_bytes: int


class Refusal(msgspec.Struct, array_like=True, frozen=True):
    """A `Violation` or a `Refused`, on its way to whoever asked for the stream."""

    violation: bool
    code: str
    message: str
    path: str = ""
    expected: str = ""
    remedy: str = ""
    retry_after_s: float | None = None


class Failure(msgspec.Struct, array_like=True, frozen=True):
    """An `EngineFailure`, on its way to the stream's reader."""

    message: str
    lost: str = ""


class LinkBroken(Exception):
    """The other end sent something no working end would send. The link cannot be used any more."""


def _encode_foreign(value: Any) -> Any:
    """What msgspec does not know: samples. They travel as the bytes they are."""
    if isinstance(value, np.ndarray) and value.dtype == np.float32:
        return value.tobytes()
    raise TypeError(f"{type(value).__name__} cannot cross the link; values, numbers, text and float32 samples can")


def _decode_foreign(kind: Any, payload: Any) -> Any:
    if get_origin(kind) is np.ndarray and isinstance(payload, bytes):
        return np.frombuffer(payload, np.float32)
    raise TypeError(f"{type(payload).__name__} is not {kind}")


_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What decoding raises for bytes of a worker's that are no values: also for text that is none, and for endless nesting."""

_encoder = msgspec.msgpack.Encoder(enc_hook=_encode_foreign)
_frame_decoder = msgspec.msgpack.Decoder(tuple[int, int, msgspec.Raw])


def write_frame(out: bytearray, stream: int, kind: int, payload: Any) -> int:
    """Append a frame to `out`; returns its length. Raises `Bug` when it is too large."""
    start = len(out)
    out += b"\0\0\0\0"
    _encoder.encode_into((stream, kind, payload), out, -1)
    size = len(out) - start - 4
    if size > MAX_FRAME_BYTES:
        del out[start:]
        raise Bug(
            f"a frame of {size} bytes is larger than the link's {MAX_FRAME_BYTES}; engines must speak in smaller pieces"
        )
    _LENGTH.pack_into(out, start, size)
    return size + 4


def read_payload(payload: msgspec.Raw, kind: Any) -> Any:
    """The payload of a control frame. Raises `LinkBroken` when it is not a `kind`."""
    try:
        return msgspec.msgpack.decode(payload, type=kind)
    except _UNREADABLE as error:
        raise LinkBroken(f"a {kind} was expected: {error}") from error


class FrameParser:
    """Bytes in, frames out, however the stream is cut. Holds at most one incomplete frame."""

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max = max_frame_bytes
        self._held = bytearray()

    def push(self, received: bytes) -> list[Frame]:
        """Every frame that is complete now. Raises `LinkBroken` for one that is too large or is not a frame."""
        if self._held:
            self._held += received
            received = bytes(self._held)
        frames: list[Frame] = []
        at, end = 0, len(received)
        while end - at >= 4:
            (size,) = _LENGTH.unpack_from(received, at)
            if size > self._max:
                raise LinkBroken(f"a frame claims {size} bytes; the bound is {self._max}")
            if end - at - 4 < size:
                break
            try:
                frames.append(_frame_decoder.decode(memoryview(received)[at + 4 : at + 4 + size]))
            except _UNREADABLE as error:
                raise LinkBroken(f"this is not a frame: {error}") from error
            at += 4 + size
        self._held = bytearray(memoryview(received)[at:])
        return frames


class Vocabulary:
    """The types of the values that cross the link: the stream's options, its items and its results, in any order, the same at both ends.

    Dataclasses may hold numbers, text, enums, tuples, mappings, other dataclasses, `None` and `Pcm`; a member that may be one of several
    dataclasses is not supported (the top level is: that is what the list of types is for). Decoding checks every member's type.
    """

    def __init__(self, *types: type) -> None:
        self._kinds = {kind: FIRST_ITEM + number for number, kind in enumerate(types)}
        self._decoders: list[msgspec.msgpack.Decoder[Any]] = [
            msgspec.msgpack.Decoder(kind, dec_hook=_decode_foreign) for kind in types
        ]

    def kind(self, value: Any) -> int:
        """The frame kind of a value. Raises `TypeError` for a value of another type."""
        kind = self._kinds.get(type(value))
        if kind is None:
            known = ", ".join(known.__name__ for known in self._kinds)
            raise TypeError(f"{type(value).__name__} is not in the engine's vocabulary ({known})")
        return kind

    def read(self, kind: int, payload: msgspec.Raw) -> Any:
        """The value of an item frame. Raises `LinkBroken`."""
        if not FIRST_ITEM <= kind < FIRST_ITEM + len(self._decoders):
            raise LinkBroken(f"frame kind {kind} is not in the engine's vocabulary")
        try:
            return self._decoders[kind - FIRST_ITEM].decode(payload)
        except _UNREADABLE as error:
            raise LinkBroken(str(error)) from error
