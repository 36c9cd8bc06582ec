"""Conversations with known turns, composed from a folder of recordings: `manifest.jsonl`, `audio/` and perhaps its own `make_turns.py`.

A folder that brings `make_turns.py` knows best how to compose its conversations; for any other one, utterances are laid out here: cut
open at a word boundary now and then, with longer gaps between turns, clean. The same seed gives the same samples.
"""

from __future__ import annotations

import importlib.util
import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from duologue.audio.formats import LISTEN_RATE, Pcm
from duologue.errors import Violation
from duologue.sim.turn_bench import Dialogue, Pause, Turn

PAUSE_S, GAP_S = (0.3, 0.9), (1.5, 4.0)
"""Silence inside a turn and between turns, in seconds."""


def compose(folder: Path, seed: int, count: int) -> Iterator[tuple[Dialogue, Pcm]]:
    """`count` conversations from `folder`. Raises `Violation("speech_folder")` for a folder that cannot be used."""
    if not (folder / "manifest.jsonl").is_file():
        raise Violation(
            "speech_folder", f"{folder} has no manifest.jsonl", expected="a folder of recordings with a manifest"
        )
    script = folder / "make_turns.py"
    if script.is_file():
        for _, pcm, meta in _load(script).compose(folder, seed, count):
            yield read_dialogue(meta), pcm
        return
    usable = read_manifest(folder / "manifest.jsonl")
    for index in range(count):
        yield compose_one(folder, usable, random.Random(seed * 1_000 + index), f"{seed:03d}_{index:03d}")


def read_manifest(path: Path) -> list[Mapping[str, Any]]:
    """The recordings that can be used: whole utterances whose words have times. Raises `Violation("speech_folder")`."""
    rows: list[Mapping[str, Any]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line or "{}")
            if not (row.get("words") and row.get("complete")):
                continue
            words = [[str(word), float(start), float(end)] for word, start, end in row["words"]]
            rows.append({**{name: str(row[name]) for name in ("file", "kind", "norm")}, "words": words})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Violation(
                "speech_folder",
                f"{path}, line {number}: {type(error).__name__}: {error}",
                expected="an object with file, kind, norm, complete and words ([word, start, end] each)",
            ) from None
    if not rows:
        raise Violation("speech_folder", f"{path} names no complete recording whose words have times")
    return rows


def read_dialogue(meta: Mapping[str, Any]) -> Dialogue:
    """The annotation of a conversation as `make_turns.py` writes it."""
    return Dialogue(
        meta["name"],
        float(meta["duration"]),
        str(meta["condition"]),
        tuple(
            Turn(
                float(turn["start"]),
                float(turn["end"]),
                str(turn["kind"]),
                str(turn["norm"]),
                tuple(turn["files"]),
                tuple(
                    Pause(float(pause["start"]), float(pause["end"]), str(pause["kind"])) for pause in turn["pauses"]
                ),
                tuple((str(word), float(start), float(end)) for word, start, end in turn["words"]),
            )
            for turn in meta["turns"]
        ),
    )


def compose_one(
    folder: Path, rows: Sequence[Mapping[str, Any]], chance: random.Random, name: str
) -> tuple[Dialogue, Pcm]:
    """Three to five utterances of `rows` as turns of one conversation."""
    parts: list[Pcm] = []
    turns: list[Turn] = []
    at = 0.0

    def add(pcm: Pcm) -> None:
        nonlocal at
        parts.append(pcm)
        at += len(pcm) / LISTEN_RATE

    for row in chance.sample(list(rows), min(len(rows), chance.randint(3, 5))):
        add(_silence(chance.uniform(*GAP_S)))
        pcm = _read(folder / row["file"])
        words = [(str(word), float(start), float(end)) for word, start, end in row["words"]]
        cut = _cut_point(words, chance)
        begin = at
        pauses: tuple[Pause, ...] = ()
        if cut is None:
            add(pcm)
            moved = [(word, start + begin, end + begin) for word, start, end in words]
        else:
            place, middle = cut
            length = chance.uniform(*PAUSE_S)
            add(pcm[: round(middle * LISTEN_RATE)])
            add(_silence(length))
            add(pcm[round(middle * LISTEN_RATE) :])
            moved = [
                (
                    word,
                    start + begin + (length if index >= place else 0),
                    end + begin + (length if index >= place else 0),
                )
                for index, (word, start, end) in enumerate(words)
            ]
            gap = words[place][1] - words[place - 1][2]
            pauses = (Pause(moved[place - 1][2], moved[place][1], "clause" if gap >= 0.08 else "word"),)
        turns.append(Turn(moved[0][1], moved[-1][2], row["kind"], row["norm"], (row["file"],), pauses, tuple(moved)))
    add(_silence(3.0))
    return Dialogue(name, at, "clean", tuple(turns)), np.concatenate(parts)


def _cut_point(words: Sequence[tuple[str, float, float]], chance: random.Random) -> tuple[int, float] | None:
    """A word boundary with enough speech on both sides, the widest one of a few; half of the utterances stay whole."""
    places = [
        place for place in range(1, len(words)) if words[place][1] - words[0][1] > 0.5 < words[-1][2] - words[place][1]
    ]
    if not places or chance.random() < 0.5:
        return None
    place = max(chance.sample(places, min(3, len(places))), key=lambda place: words[place][1] - words[place - 1][2])
    return place, (words[place][1] + words[place - 1][2]) / 2


def _read(path: Path) -> Pcm:
    import soundfile

    try:
        pcm, rate = soundfile.read(path, dtype="float32")
    except (OSError, soundfile.LibsndfileError) as error:
        raise Violation("speech_folder", f"cannot read {path}: {error}") from None
    if rate != LISTEN_RATE or pcm.ndim != 1:
        raise Violation("speech_folder", f"{path.name} is not mono at {LISTEN_RATE} Hz", path=str(path))
    found: Pcm = pcm
    return found


def _silence(seconds: float) -> Pcm:
    return np.zeros(round(seconds * LISTEN_RATE), np.float32)


def _load(script: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("duologue_make_turns", script)
    if spec is None or spec.loader is None:
        raise Violation("speech_folder", f"{script} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # the folder may be read-only
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes
    return module
