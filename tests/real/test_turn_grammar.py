"""The grammar of turn events on real audio: recorded conversations, and sounds that nobody made for us.

Recordings come from the speech folder: `DUOLOGUE_SPEECH`, or `../shared/speech` beside the repository. The conversations are the ones its
own `make_turns.py` composes. Without the folder the made-up sounds remain.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from duologue.audio.formats import AudioFormat, Encoding, Pcm
from duologue.audio.input import AudioInput
from duologue.audio.spans import AudioSpan
from duologue.ids import SeededIds
from duologue.listen.channel import ListenChannel, ListenEngines
from duologue.listen.engines import energy, pocketsphinx, silero
from duologue.listen.engines.scripted import ScriptedRecognizer, ScriptedSettings
from duologue.listen.events import (
    ListenEvent,
    Progressed,
    TurnEagerEnded,
    TurnEnded,
    TurnResumed,
    TurnStarted,
    TurnUpdated,
)
from duologue.listen.hypothesis import ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.protocols.cartesia.stt_turns import SttTurnsDialect
from duologue.protocols.query import read_query
from duologue.runtime.inline import InlineHost
from duologue.sim.turn_bench import Dialogue
from duologue.sim.turn_dialogues import compose
from tests.protocols.deepgram.flux_grammar import check_flux

pytestmark = pytest.mark.real

SPEECH = Path(os.environ.get("DUOLOGUE_SPEECH", Path(__file__).parents[2] / "../shared/speech"))
recorded = pytest.mark.skipif(not (SPEECH / "make_turns.py").is_file(), reason=f"no speech folder at {SPEECH}")

COUNT = 24
"""Two rounds through the twelve conditions; three conversations without speech."""
FOLLOWS = {
    None: {TurnStarted},
    TurnStarted: {TurnUpdated, TurnEagerEnded, TurnEnded},
    TurnUpdated: {TurnUpdated, TurnEagerEnded, TurnEnded},
    TurnEagerEnded: {TurnResumed, TurnEnded},
    TurnResumed: {TurnUpdated, TurnEagerEnded, TurnEnded},
    TurnEnded: {TurnStarted},
}
"""Which event may follow which. Words that come after an eager end resume the turn first."""
NEXT_ON_THE_WIRE = {
    None: {"turn.start"},
    "turn.start": {"turn.update", "turn.eager_end", "turn.end"},
    "turn.update": {"turn.update", "turn.eager_end", "turn.end"},
    "turn.eager_end": {"turn.resume", "turn.end"},
    "turn.resume": {"turn.update", "turn.eager_end", "turn.end"},
    "turn.end": {"turn.start"},
}


@lru_cache
def conversations() -> Iterator[tuple[Dialogue, Pcm]]:
    return compose(SPEECH, 1, COUNT)


@lru_cache
def conversation(place: int) -> tuple[Dialogue, Pcm]:
    if place:
        conversation(place - 1)  # they come in order
    return next(conversations())


@lru_cache
def engine(name: str) -> Any:
    return {"silero": silero, "energy": energy, "pocketsphinx": pocketsphinx}[name].create({})


def spans_of(payload: bytes, audio: AudioFormat) -> list[AudioSpan]:
    given = AudioInput(audio)
    return [*given.push(payload), *given.finish()]


def sixteen_bit(pcm: Pcm) -> bytes:
    return (np.clip(pcm, -1.0, 1.0) * 32_767).astype("<i2").tobytes()


def listen(spans: Sequence[AudioSpan], voice: Any, words: Any) -> list[ListenEvent]:
    """All events of the audio, streamed at once."""
    events: list[ListenEvent] = []

    async def stream() -> None:
        engines = ListenEngines(InlineHost(voice), InlineHost(words))
        channel = await ListenChannel.open(engines, ListenOptions(), TurnPolicy(), events.append)
        for start in range(0, len(spans), 50):
            channel.hear(spans[start : start + 50])
            await channel.writable()
        channel.finish()
        await channel.finished()

    asyncio.run(stream())
    return events


def check_events(events: Sequence[ListenEvent]) -> None:
    """One end per start, in order; a resume only behind an eager end, which a resume or the end follows; stable text only grows."""
    last: type | None = None
    turn, position, stable = 0, 0, ""
    for event in events:
        if isinstance(event, Progressed):
            continue
        assert type(event) in FOLLOWS[last], (last, event)
        last = type(event)
        if isinstance(event, TurnStarted):
            turn, stable = turn + 1, ""
        assert event.turn == turn
        if not isinstance(event, TurnUpdated):  # the position of words is that of the audio they were said in
            assert event.position >= position
            position = event.position
        if isinstance(event, TurnUpdated | TurnEagerEnded | TurnEnded):
            assert f"{event.stable_text} ".startswith(f"{stable} " if stable else "")
            assert f"{event.text} ".startswith(event.stable_text)
            stable = event.stable_text
        if isinstance(event, TurnEnded):
            assert event.text == event.stable_text
    assert last in {None, TurnEnded}


def check_wire(events: Sequence[ListenEvent]) -> None:
    """On Flux's wire too. On Cartesia's transcripts only grow within a turn, and joined verbatim those of all ends are the whole."""
    query = "model=ink-2&encoding=pcm_s16le&sample_rate=16000"
    dialect = SttTurnsDialect(read_query(query), SeededIds(1))
    dialect.open()
    frames = [json.loads(frame) for event in events for frame in dialect.render(event)]
    last, shown = None, ""
    for frame in frames:
        assert frame["type"] in NEXT_ON_THE_WIRE[last], (last, frame)
        last = frame["type"]
        if last == "turn.start":
            shown = ""
        if "transcript" in frame:
            assert frame["transcript"].startswith(shown)
            shown = frame["transcript"]
    assert last in {None, "turn.end"}
    joined = "".join(frame["transcript"] for frame in frames if frame["type"] == "turn.end")
    assert joined == whole_text(events)
    check_flux(events, eager=True)


def whole_text(events: Sequence[ListenEvent]) -> str:
    return " ".join(event.text for event in events if isinstance(event, TurnEnded) and event.text)


def script_of(dialogue: Dialogue) -> str:
    """The true words at their times, for the recogniser that hears what it is told."""
    lines, free = [], 0.0
    for turn in dialogue.turns:
        for word, start, end in turn.words:
            begin = max(start, free)
            free = max(end, begin + 0.01)
            lines.append(f"{begin:.3f}-{free:.3f} {word}")
            free = round(free, 3)
    return "\n".join(lines)


def is_subsequence(some: Sequence[str], of: Sequence[str]) -> bool:
    rest = iter(of)
    return all(any(word == other for other in rest) for word in some)


# All conditions at the full rate; every third conversation, four conditions and a silent one, at the telephone's.
@recorded
@pytest.mark.parametrize(
    ("place", "rate"),
    [*((place, 16_000) for place in range(COUNT)), *((place, 8_000) for place in range(1, COUNT, 3))],
)
def test_every_composed_conversation_gives_whole_turns_with_its_words(place: int, rate: int) -> None:
    dialogue, pcm = conversation(place)
    spans = spans_of(sixteen_bit(halved(pcm) if rate == 8_000 else pcm), AudioFormat(Encoding.PCM_S16LE, rate))
    events = listen(spans, engine("silero"), ScriptedRecognizer(ScriptedSettings(script=script_of(dialogue))))
    check_events(events)
    check_wire(events)
    said = [word for turn in dialogue.turns for word, _, _ in turn.words]
    heard = whole_text(events).split()
    assert is_subsequence(heard, said)
    # What the detector takes for silence, quiet digits on the telephone most of all, reaches no recogniser.
    assert len(heard) >= 0.75 * len(said)


@recorded
@pytest.mark.parametrize("place", [2, 7])
def test_the_embedded_recogniser_keeps_to_the_grammar(place: int) -> None:
    _, pcm = conversation(place)
    events = listen(
        spans_of(sixteen_bit(pcm[: 14 * 16_000]), AudioFormat(Encoding.PCM_S16LE, 16_000)),
        engine("silero"),
        engine("pocketsphinx"),
    )
    check_events(events)
    check_wire(events)


def halved(pcm: Pcm) -> Pcm:
    """Half the rate, crudely: neighbours averaged."""
    return pcm[: len(pcm) // 2 * 2].reshape(-1, 2).mean(axis=1)


def sounds() -> dict[str, bytes]:
    """Three seconds each of what is not speech, as 16-bit samples."""
    chance = np.random.default_rng(7)
    count = 3 * 16_000
    clicks = np.zeros(count)
    clicks[chance.integers(0, count, 40)] = chance.uniform(-1, 1, 40)
    bursts = chance.normal(0, 0.3, count) * (np.arange(count) // 4_000 % 2)
    return {
        "loud noise": sixteen_bit(chance.normal(0, 0.3, count)),
        "bursts": sixteen_bit(bursts),
        "clicks": sixteen_bit(clicks),
        "a tone": sixteen_bit(0.5 * np.sin(np.arange(count) * 0.1)),
        "random bytes": chance.bytes(2 * count + 1),
        "nothing": b"",
    }


@pytest.mark.parametrize("detector", ["silero", "energy"])
@pytest.mark.parametrize("sound", list(sounds()))
def test_any_sound_keeps_to_the_grammar(sound: str, detector: str) -> None:
    spans = spans_of(sounds()[sound], AudioFormat(Encoding.PCM_S16LE, 16_000))
    events = listen(spans, engine(detector), engine("pocketsphinx"))
    check_events(events)
    check_wire(events)


@pytest.mark.parametrize("encoding", [Encoding.MULAW, Encoding.PCM_F32LE])
def test_random_bytes_of_any_encoding_keep_to_the_grammar(encoding: Encoding) -> None:
    spans = spans_of(np.random.default_rng(8).bytes(20_001), AudioFormat(encoding, 8_000))
    events = listen(spans, engine("energy"), engine("pocketsphinx"))
    check_events(events)
    check_wire(events)
