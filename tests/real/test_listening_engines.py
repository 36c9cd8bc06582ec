"""The embedded listening engines on recorded human speech, always against a baseline in the same run.

Recordings come from the speech folder: `DUOLOGUE_SPEECH`, or `../shared/speech` beside the repository. Without it the voice of the house
speaks, and less is asked.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from duologue.audio.containers import read_audio
from duologue.audio.formats import LISTEN_RATE, Pcm
from duologue.audio.spans import AudioSpan
from duologue.listen.engines import energy, pocketsphinx, silero
from duologue.listen.hypothesis import CaptureMode, EndSegment, ListenOptions
from duologue.listen.word_errors import count_errors, total_errors, words_of

pytestmark = pytest.mark.real

SPEECH = Path(os.environ.get("DUOLOGUE_SPEECH", Path(__file__).parents[2] / "../shared/speech"))
recorded = pytest.mark.skipif(not (SPEECH / "manifest.jsonl").is_file(), reason=f"no speech folder at {SPEECH}")

STEP = 512


@lru_cache
def clips(kind: str) -> list[dict[str, Any]]:
    with (SPEECH / "manifest.jsonl").open(encoding="utf-8") as lines:
        known = [json.loads(line) for line in lines]
    return sorted((clip for clip in known if clip["kind"] == kind), key=lambda clip: (clip["duration"], clip["file"]))


def orders() -> list[dict[str, Any]]:
    return [clip for clip in clips("command") if clip.get("slots")]


def sound(clip: dict[str, Any]) -> Pcm:
    return read_audio(SPEECH / clip["file"])


@lru_cache
def recognizer() -> pocketsphinx.PocketsphinxRecognizer:
    return pocketsphinx.create({})


def hear(pcm: Pcm, options: ListenOptions) -> str:
    stream = recognizer().open(options)
    try:
        results = [result for item in (AudioSpan(0, pcm), EndSegment(1)) for result in stream.feed(item)]
    finally:
        stream.close()
    return results[-1].text


def error_rate(chosen: Sequence[dict[str, Any]], options: ListenOptions) -> float:
    return total_errors((clip["norm"], hear(sound(clip), options)) for clip in chosen).rate


def slot_values(chosen: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    values: dict[str, set[str]] = {}
    for clip in chosen:
        for slot, value in clip["slots"].items():
            values.setdefault(slot, set()).add(value.lower())
    return {slot: sorted(found) for slot, found in values.items()}


def order_grammar(chosen: Sequence[dict[str, Any]]) -> str:
    slots = slot_values(chosen)
    rules = "\n".join(f"<{slot}> = {' | '.join(values)};" for slot, values in slots.items())
    return (
        "#JSGF V1.0;\ngrammar orders;\n"
        "public <order> = [<wish>] [a] (<size> | <roast> | <numberOfShots>)* <coffeeDrink>"
        " [with (<milkAmount> | <sugarAmount>) [[and] [with] (<milkAmount> | <sugarAmount>)]];\n"
        "<wish> = can i (have | get) | may i have | i'd like | i want | get me | make me | brew;\n" + rules
    )


@pytest.fixture(scope="module")
def split() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Orders to learn the words from, and others to be heard."""
    every = orders()
    return every[1::2], every[2:24:6]


@recorded
def test_a_grammar_made_from_other_orders_halves_the_errors_at_least(split: Any) -> None:
    learned, heard = split
    assert error_rate(heard, ListenOptions(grammar=order_grammar(learned))) < 0.5 * error_rate(heard, ListenOptions())


@recorded
def test_keyterms_made_from_other_orders_lower_the_errors(split: Any) -> None:
    learned, heard = split
    terms = tuple(value for values in slot_values(learned).values() for value in values)
    assert error_rate(heard, ListenOptions(keyterms=terms)) < error_rate(heard, ListenOptions())


@recorded
def test_other_speech_is_not_made_into_orders(split: Any) -> None:
    grammar = order_grammar(split[0])
    others = [clip for clip in clips("command") if not clip.get("slots")][10:30:3]
    believed = ListenOptions(grammar=grammar, extras={"open_when_unfit": False})
    forced = ListenOptions(grammar=grammar, extras={"judge_fit": False})
    invented, would_be = (
        sum(len(words_of(hear(sound(clip), options))) for clip in others) for options in (believed, forced)
    )
    assert would_be > 5
    assert invented < 0.4 * would_be


@recorded
@pytest.mark.parametrize(("kind", "mode"), [("digits", CaptureMode.DIGITS), ("spelling", CaptureMode.SPELLING)])
def test_a_capture_mode_hears_what_open_speech_does_not(kind: str, mode: CaptureMode) -> None:
    some = clips(kind)[1:6:2]
    assert error_rate(some, ListenOptions(capture=mode)) < error_rate(some, ListenOptions())


@recorded
def test_silero_takes_noise_for_speech_less_often_than_energy_and_misses_no_more_speech() -> None:
    noises = [sound(clip)[: 8 * LISTEN_RATE] for clip in (*clips("noise"), *clips("music"))]
    said = [(sound(clip), clip["speech"]) for clip in clips("read")[:8]]
    false, found = {}, {}
    for detector in (silero.create({}), energy.create({})):
        name = detector.info.name
        false[name] = np.mean([speech > 0.5 for pcm in noises for _, speech in activities(detector, pcm)])
        inside = [
            speech > 0.5
            for pcm, (start, end) in said
            for at, speech in activities(detector, pcm)
            if start + 0.1 < at < end - 0.1
        ]
        found[name] = np.mean(inside)
    assert false["silero"] < 0.5 * false["energy"]
    assert found["silero"] > max(0.8, found["energy"] - 0.1)


def activities(detector: Any, pcm: Pcm) -> list[tuple[float, float]]:
    stream = detector.open(ListenOptions())
    return [(activity.position / LISTEN_RATE, activity.speech) for activity in stream.feed(AudioSpan(0, pcm))]


@recorded
def test_silero_hears_a_telephone_line() -> None:
    (call,) = clips("telephone")
    pcm = sound(call)
    voiced = np.mean([speech > 0.5 for _, speech in activities(silero.create({}), pcm)])
    assert 0.4 < voiced < 1.0


def test_digits_of_the_embedded_voice_are_heard_better_when_digits_are_expected() -> None:
    from duologue.speak.engines import espeak
    from duologue.speak.speech import SpeakOptions
    from duologue.speak.voices import VoiceCatalogue

    text = "five, two, six, zero, three"
    voice = espeak.create({})
    _, options = VoiceCatalogue().resolve(SpeakOptions(voice="henry"))
    spoken = np.concatenate([chunk.pcm for chunk in voice.open(options).feed(text)])
    rate = voice.info.sample_rate
    at = np.arange(0, len(spoken) - 1, rate / LISTEN_RATE)
    pcm = np.interp(at, np.arange(len(spoken)), spoken).astype(np.float32)
    expected = count_errors(text, hear(pcm, ListenOptions(capture=CaptureMode.DIGITS)))
    unexpected = count_errors(text, hear(pcm, ListenOptions()))
    assert expected.errors <= unexpected.errors
    assert expected.errors <= 2
