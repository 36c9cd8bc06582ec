"""Changes to inputs that know what they change: JSON by its tree, audio by its headers, text and bytes as such."""

from __future__ import annotations

import copy
import json
import random
import struct
from collections.abc import Sequence
from typing import Any

from fuzz.case import Piece, Pieces
from fuzz.corpus import vocabulary

MAX_PIECES = 12
MAX_PIECE = 1_200_000
"""Characters or bytes: above every bound of a control message, below what only costs time."""

_RAW = "\u2400raw:"
RAW = (
    *("1e999", "-1e999", "NaN", "Infinity", "-0", "-0.0", "1e-400", "1.5", "16000.0", "00", "1e", "+1"),
    *(
        "9007199254740993",
        "18446744073709551616",
        "-9223372036854775809",
        "9" * 400,
        "9" * 5_000,
        "1e308",
        "0.1" + "0" * 400,
    ),
    *(
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '"\\u0000"',
        '"\\ufffe"',
        '"\\x"',
        '"\x01"',
        "'a'",
        "tru",
        "nul",
        "{]",
        "[,]",
        '{"a":1,}',
    ),
)
"""JSON, and what is nearly JSON, that no tree of Python's can hold."""
TEXTS = (
    *(
        "",
        " ",
        "\x00",
        "\x7f",
        "\u202e",
        "\ufeff",
        "é",
        "e\u0301" * 40,
        "😀",
        "👩‍👩‍👧‍👦",
        "İ",
        "ß",
        "\u2028",
        "%",
        "%s%n",
        "{}",
        "{{}}",
        "${x}",
        "'",
    ),
    *(
        "../../etc/passwd",
        "\r\nX-Injected: 1",
        "<break time='9999999s'/>",
        "<speed ratio='1e9'/>",
        "http://127.0.0.1/",
        "9" * 400,
        "-1",
    ),
    *(
        "nan",
        "inf",
        "1e999",
        "0x10",
        "١٢٣",
        "true",
        "null",
        "undefined",
        "A" * 300,
        "a." * 200,
        "<" * 200,
        "[" * 200,
        "(" * 60,
    ),
)
NUMBERS = (
    0,
    1,
    -1,
    2,
    5,
    7999,
    8000,
    16_000,
    44_100,
    48_001,
    2**31,
    2**53,
    2**63,
    2**64,
    10**30,
    0.5,
    -0.5,
    1e308,
    1e-308,
)
BYTES = (
    b"",
    b"\x00",
    b"\xff",
    b"\xfe\xff",
    b"\xed\xa0\x80",
    b"\xc0\xaf",
    b"\xf4\x90\x80\x80",
    b"RIFF",
    b"data",
    b"fmt ",
    b"OggS",
    b"ID3",
)
_SIZES = (0, 1, 3, 15, 16, 18, 40, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF7, 0xFFFFFFFE, 0xFFFFFFFF)


class Mutator:
    """Draws changes from a seeded source."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._names, self._values = vocabulary()

    def mutate(self, pieces: Pieces, others: Sequence[Pieces]) -> Pieces:
        """One to four changes; `others` are inputs of the same target to borrow from."""
        changed = list(pieces)
        for _ in range(self._chance.choice((1, 1, 1, 2, 2, 3, 4))):
            if self._chance.random() < 0.25:
                self._rearrange(changed, self._chance.choice(others))
            elif changed:
                at = self._chance.randrange(len(changed))
                changed[at] = self._change(changed[at])[:MAX_PIECE]
        return tuple(changed[:MAX_PIECES])

    def _rearrange(self, pieces: list[Piece], other: Pieces) -> None:
        at = self._chance.randrange(len(pieces) + 1)
        kind = self._chance.randrange(5)
        if kind == 0 and other:
            pieces.insert(max(at, min(1, len(pieces))), self._chance.choice(other))
        elif kind == 1 and at < len(pieces):
            pieces.insert(at, pieces[at])
        elif kind == 2 and 0 < at < len(pieces):
            del pieces[at]
        elif kind == 3 and len(pieces) > 2:
            other_at = self._chance.randrange(1, len(pieces))
            at = max(1, min(at, len(pieces) - 1))
            pieces[at], pieces[other_at] = pieces[other_at], pieces[at]
        elif kind == 4 and at < len(pieces):
            piece = pieces[at]
            pieces[at] = piece.encode("utf-8", "replace") if isinstance(piece, str) else piece.decode("latin-1")

    def _change(self, piece: Piece) -> Piece:
        if isinstance(piece, bytes):
            changed: Piece = self._change_bytes(piece)
            if piece[:1] == b"{" and self._chance.random() < 0.6:
                changed = self._change_text(piece.decode("utf-8", "replace")).encode("utf-8", "surrogatepass")
            return changed
        return self._change_text(piece)

    # Text.

    def _change_text(self, text: str) -> str:
        if text.lstrip()[:1] in ("{", "[") and self._chance.random() < 0.85:
            try:
                tree = json.loads(text)
            except (ValueError, RecursionError):
                pass
            else:
                return self._change_tree(tree)
        kind, at = self._chance.randrange(7), self._chance.randrange(len(text) + 1)
        end = min(len(text), at + self._chance.choice((1, 1, 2, 8, 40)))
        if kind == 0:
            return text[:at] + text[end:]
        if kind == 1:
            return text[:at] + self._chance.choice(TEXTS) + text[at:]
        if kind == 2:
            return text[:at]
        if kind == 3:
            times = self._chance.choice((2, 3, 50, 1_000, 20_000))
            return text[:at] + text[at:end] * min(times, MAX_PIECE // max(1, end - at)) + text[end:]
        if kind == 4:
            return text[:at] + chr(self._chance.choice((*range(128), 0xE9, 0x20AC, 0x1F600))) + text[end:]
        if kind == 5:
            return text[:at] + self._chance.choice(self._names) + text[end:]
        return (
            text[:at]
            + self._chance.choice("&=;,|()[]{}<>*+\"'.:/\\#\n") * self._chance.choice((1, 1, 5, 500))
            + text[at:]
        )

    def _change_tree(self, tree: Any) -> str:
        raws: list[str] = []
        for _ in range(self._chance.choice((1, 1, 2))):
            places = _places(tree)
            holder: Any
            key: Any
            holder, key = self._chance.choice(places) if places else (None, None)
            value = self._value(tree if holder is None else holder[key], raws)
            if holder is None:
                tree = value
                continue
            kind = self._chance.randrange(8)
            if kind == 0:
                del holder[key]
            elif kind == 1 and isinstance(holder, dict):
                holder[self._chance.choice(self._names)] = holder.pop(key)
            elif kind == 2 and isinstance(holder, dict):
                holder[self._chance.choice((*self._names, *TEXTS))] = value
            elif kind == 3 and isinstance(holder, list):
                holder += [copy.deepcopy(holder[key])] * self._chance.choice((1, 3, 200, 10_001))
            else:
                holder[key] = value
        text = json.dumps(tree, ensure_ascii=self._chance.random() < 0.5)
        for number, raw in enumerate(raws):
            text = text.replace(json.dumps(f"{_RAW}{number}", ensure_ascii=True), raw).replace(f'"{_RAW}{number}"', raw)
        if self._chance.random() < 0.05 and text.startswith("{") and len(text) > 2:
            text = "{" + text[1:-1] + "," + text[1:]  # every member twice
        return text

    def _value(self, old: Any, raws: list[str]) -> Any:
        kind = self._chance.randrange(12)
        if kind == 0:
            return None
        if kind == 1:
            return self._chance.choice(NUMBERS)
        if kind in (2, 3):
            return self._chance.choice(TEXTS)
        if kind in (4, 5, 6):
            return copy.deepcopy(self._chance.choice(self._values))
        if kind == 7:
            return self._chance.choice((True, False, [], {}, [[]], [None], {"": None}, [old], {"a": old}))
        if kind == 8 and isinstance(old, str):
            return old * self._chance.choice((2, 100, 5_000)) if len(old) < 200 else old[: len(old) // 2]
        if kind == 9 and isinstance(old, str):
            return self._change_text(old)
        raws.append(self._raw())
        return f"{_RAW}{len(raws) - 1}"

    def _raw(self) -> str:
        depth = self._chance.choice((5, 31, 33, 200, 2_000, 100_000))
        deep = ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth, "[" * depth)
        return self._chance.choice((*RAW, *RAW, *deep))

    # Bytes.

    def _change_bytes(self, content: bytes) -> bytes:
        if content[:4] == b"RIFF" and len(content) >= 44 and self._chance.random() < 0.7:
            return self._change_wav(content)
        kind, at = self._chance.randrange(7), self._chance.randrange(len(content) + 1)
        end = min(len(content), at + self._chance.choice((1, 1, 2, 4, 64)))
        if kind == 0:
            return content[:at] + content[end:]
        if kind == 1:
            return content[:at] + self._chance.choice(BYTES) + content[at:]
        if kind == 2:
            return content[:at]
        if kind == 3:
            return content[:at] + content[at:end] * self._chance.choice((2, 100, 5_000)) + content[end:]
        if kind == 4:
            return content[:at] + self._chance.randbytes(end - at) + content[end:]
        if kind == 5 and content:
            flipped = bytearray(content)
            flipped[at % len(content)] ^= 1 << self._chance.randrange(8)
            return bytes(flipped)
        return (
            content[:at] + struct.pack(self._chance.choice("<>") + "I", self._chance.choice(_SIZES)) + content[at + 4 :]
        )

    def _change_wav(self, content: bytes) -> bytes:
        """A field of the header, or a chunk more."""
        header = bytearray(content)
        kind = self._chance.randrange(6)
        if kind == 0:
            struct.pack_into("<I", header, self._chance.choice((4, 16, 40)), self._chance.choice(_SIZES))
        elif kind == 1:
            struct.pack_into("<H", header, 20, self._chance.choice((0, 1, 2, 3, 6, 7, 17, 0xFFFE, 0xFFFF)))
        elif kind == 2:
            struct.pack_into("<H", header, 22, self._chance.choice((0, 1, 2, 8, 9, 255, 0xFFFF)))
        elif kind == 3:
            struct.pack_into(
                "<I", header, 24, self._chance.choice((0, 1, 7_999, 8_000, 44_100, 48_001, 2**31, 2**32 - 1))
            )
        elif kind == 4:
            struct.pack_into("<H", header, 34, self._chance.choice((0, 1, 8, 12, 16, 24, 32, 64, 0xFFFF)))
        else:
            name = self._chance.choice((b"LIST", b"JUNK", b"fact", b"data", b"fmt ", b"\x00\x00\x00\x00"))
            chunk = name + struct.pack("<I", self._chance.choice((*_SIZES, 4))) + b"abcd"
            at = self._chance.choice((12, 36, len(header)))
            header[at:at] = chunk
        return bytes(header)


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Where values stand: the container and the key in it."""
    found: list[tuple[Any, Any]] = []
    waiting = [tree]
    while waiting and len(found) < 2_000:
        holder = waiting.pop()
        children = holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
        for key, child in children:
            found.append((holder, key))
            if isinstance(child, dict | list):
                waiting.append(child)
    return found
