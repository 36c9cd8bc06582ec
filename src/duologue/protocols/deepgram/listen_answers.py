"""What was heard in the members that the live socket and the answer for a recording share (Deepgram docs: Pre-recorded audio; D§7.7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from duologue import __version__
from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.audio.spans import TimedWord
from duologue.listen.events import TurnEnded
from duologue.protocols.deepgram.listen_messages import (
    MODEL_UUID,
    TRANSACTION_KEY,
    Alternative,
    ListenChannelBody,
    ListenWord,
    ModelInfo,
    RecordingAnswer,
    RecordingMetadata,
    RecordingResults,
    Utterance,
)
from duologue.protocols.deepgram.listen_query import HearingRequest
from duologue.protocols.deepgram.wording import SIGNS

CONFIDENCE = 1.0
"""Of every word and transcript: turn events carry none, so this says nothing."""


def seconds(position: Samples) -> float:
    """A place in the audio."""
    return round(position / LISTEN_RATE, 3)


def rfc3339(at: float) -> str:
    """A time of day as the vendor writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def alternative(text: str, words: Sequence[TimedWord], hearing: HearingRequest) -> Alternative:
    """The one alternative: a silence has no words and no confidence."""
    written = hearing.wording.text(text).strip()
    return Alternative(
        transcript=written,
        confidence=CONFIDENCE if written else 0.0,
        words=[_word(word, punctuated=hearing.punctuated) for word in hearing.wording.words(words)],
        languages=[hearing.options.language] if hearing.multilingual else None,
    )


def model_info(hearing: HearingRequest, engine: str) -> ModelInfo:
    """Who heard: the model asked for, and the engine that took its place."""
    return ModelInfo(name=hearing.model, version=__version__, arch=engine)


def recording_answer(
    hearing: HearingRequest,
    ends: Sequence[TurnEnded],
    metadata: RecordingMetadata,
    utterance_ids: Sequence[str] | None,
) -> RecordingAnswer:
    """The answer for a recording. `utterance_ids`, one for each of `ends`, are given when the client wants utterances."""
    said = [end for end in ends if end.text.strip()]
    words = [word for end in said for word in end.words]
    body = ListenChannelBody(alternatives=[alternative(" ".join(end.text.strip() for end in said), words, hearing)])
    utterances = (
        None
        if utterance_ids is None
        else [_utterance(end, hearing, name) for end, name in zip(ends, utterance_ids, strict=True) if end in said]
    )
    return RecordingAnswer(metadata=metadata, results=RecordingResults(channels=[body], utterances=utterances))


def recording_metadata(
    request_id: str, sha256: str, created: str, duration: float, info: ModelInfo
) -> RecordingMetadata:
    """About a recording; `duration` in seconds."""
    return RecordingMetadata(
        transaction_key=TRANSACTION_KEY,
        request_id=request_id,
        sha256=sha256,
        created=created,
        duration=round(duration, 3),
        channels=1,
        models=[MODEL_UUID],
        model_info={MODEL_UUID: info},
    )


def _utterance(end: TurnEnded, hearing: HearingRequest, name: str) -> Utterance:
    said = alternative(end.text, end.words, hearing)
    first, last = (end.words[0].start, end.words[-1].end) if end.words else (end.position, end.position)
    return Utterance(seconds(first), seconds(last), said.confidence, 0, said.transcript, said.words, name)


def _word(word: TimedWord, *, punctuated: bool) -> ListenWord:
    plain = word.text.strip(SIGNS).lower() or word.text
    return ListenWord(
        word=plain,
        start=seconds(word.start),
        end=seconds(word.end),
        confidence=CONFIDENCE,
        punctuated_word=word.text if punctuated else None,
    )
