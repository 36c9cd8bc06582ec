"""What was heard in the members that the live socket and the answer for a recording share (Deepgram docs: Pre-recorded audio; D§7.7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    Paragraph,
    Paragraphs,
    RecordingAnswer,
    RecordingMetadata,
    RecordingResults,
    Sentence,
    Utterance,
)
from duologue.protocols.deepgram.listen_query import HearingRequest, RecordingRequest
from duologue.protocols.deepgram.paragraphs import Stretch, paragraphs, utterances
from duologue.protocols.deepgram.sentences import write_turns
from duologue.protocols.deepgram.wording import SIGNS

UNKNOWN = 1.0
"""The confidence of a transcript without words of its own: nothing is known of it."""


def seconds(position: Samples) -> float:
    """A place in the audio."""
    return round(position / LISTEN_RATE, 3)


def rfc3339(at: float) -> str:
    """A time of day as the vendor writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def alternative(text: str, words: Sequence[TimedWord], hearing: HearingRequest) -> Alternative:
    """The one alternative: a silence has no words and no confidence."""
    written = hearing.wording.text(text).strip()
    believed = sum(word.confidence for word in words) / len(words) if words else UNKNOWN
    return Alternative(
        transcript=written,
        confidence=round(believed, 4) if written else 0.0,
        words=[_word(word, punctuated=hearing.punctuated) for word in hearing.wording.words(words)],
        languages=[hearing.options.language] if hearing.multilingual else None,
    )


def model_info(hearing: HearingRequest, engine: str) -> ModelInfo:
    """Who heard: the model asked for, and the engine that took its place."""
    return ModelInfo(name=hearing.model, version=__version__, arch=engine)


def recording_answer(
    request: RecordingRequest,
    channels: Sequence[Sequence[TurnEnded]],
    metadata: RecordingMetadata,
    name: Callable[[], str],
) -> RecordingAnswer:
    """The answer for a recording, of which each channel was heard for itself, or all of them as one. `name` names an utterance."""
    if request.hearing.sentences:
        channels = [list(write_turns(ends)) for ends in channels]
    bodies = [_channel(request, ends) for ends in channels]
    gap = request.utterance_gap
    told = [
        _utterance(said, request.hearing, channel, name())
        for channel, ends in enumerate(channels)
        for said in (() if gap is None else utterances(ends, gap))
    ]
    told.sort(key=lambda utterance: utterance.start)
    return RecordingAnswer(
        metadata=metadata, results=RecordingResults(channels=bodies, utterances=None if gap is None else told)
    )


def _channel(request: RecordingRequest, ends: Sequence[TurnEnded]) -> ListenChannelBody:
    said = [end for end in ends if end.text.strip()]
    words = [word for end in said for word in end.words]
    best = alternative(" ".join(end.text.strip() for end in said), words, request.hearing)
    if request.paragraphs:
        best.paragraphs = _paragraphs(said, request.hearing)
    return ListenChannelBody(alternatives=[best])


def _paragraphs(ends: Sequence[TurnEnded], hearing: HearingRequest) -> Paragraphs:
    told = [
        Paragraph(
            sentences=[
                Sentence(hearing.wording.text(each.text), seconds(each.start), seconds(each.end)) for each in sentences
            ],
            num_words=sum(len(hearing.wording.text(each.text).split()) for each in sentences),
            start=seconds(sentences[0].start),
            end=seconds(sentences[-1].end),
        )
        for sentences in paragraphs(ends)
    ]
    blocks = [" ".join(sentence.text for sentence in paragraph.sentences) for paragraph in told]
    return Paragraphs(transcript="\n" + "\n\n".join(blocks) if blocks else "", paragraphs=told)


def recording_metadata(
    request_id: str, sha256: str, created: str, duration: float, info: ModelInfo, channels: int = 1
) -> RecordingMetadata:
    """About a recording; `duration` in seconds, `channels` those heard."""
    return RecordingMetadata(
        transaction_key=TRANSACTION_KEY,
        request_id=request_id,
        sha256=sha256,
        created=created,
        duration=round(duration, 3),
        channels=channels,
        models=[MODEL_UUID],
        model_info={MODEL_UUID: info},
    )


def _utterance(stretch: Stretch, hearing: HearingRequest, channel: int, name: str) -> Utterance:
    said = alternative(stretch.text, stretch.words, hearing)
    return Utterance(
        start=seconds(stretch.start),
        end=seconds(stretch.end),
        confidence=said.confidence,
        channel=channel,
        transcript=said.transcript,
        words=said.words,
        id=name,
    )


def _word(word: TimedWord, *, punctuated: bool) -> ListenWord:
    plain = word.text.strip(SIGNS).lower() or word.text
    return ListenWord(
        word=plain,
        start=seconds(word.start),
        end=seconds(word.end),
        confidence=round(word.confidence, 4),
        punctuated_word=word.text if punctuated else None,
    )
