"""`/v1/listen`, live: words as they come (Deepgram docs: Live audio, Endpointing, Finalize; D§7).

To listening, every stretch between two silences of the length asked for is a turn. Each gives one final `Results`; what the engine
believes meanwhile is an interim one. Nothing is said first, and an `Error` only to a client whose message was not understood.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import assert_never

from duologue.agent.commands import EndReason
from duologue.audio.formats import Samples
from duologue.audio.spans import TimedWord
from duologue.errors import Violation
from duologue.ids import IdSource
from duologue.listen.events import (
    ListenEvent,
    Progressed,
    Trigger,
    TurnEagerEnded,
    TurnEnded,
    TurnResumed,
    TurnStarted,
    TurnUpdated,
)
from duologue.listen.policy import TurnPolicy
from duologue.protocols.codec import MAX_CONTROL_BYTES, check_audio_size, convert, describe, encode, parse_object
from duologue.protocols.deepgram.clients import identify
from duologue.protocols.deepgram.containers import UNTIL_TOLD, ContainerCheck
from duologue.protocols.deepgram.errors import unknown_message
from duologue.protocols.deepgram.listen_answers import alternative, model_info, seconds
from duologue.protocols.deepgram.listen_closes import listen_close
from duologue.protocols.deepgram.listen_gaps import UtteranceGaps
from duologue.protocols.deepgram.listen_messages import (
    MODEL_UUID,
    TRANSACTION_KEY,
    ListenChannelBody,
    ListenError,
    LiveConfigure,
    LiveConfigureFailure,
    LiveConfigureSuccess,
    Metadata,
    Results,
    ResultsMetadata,
    SpeechStarted,
    UtteranceEnd,
)
from duologue.protocols.deepgram.listen_query import read_live
from duologue.protocols.deepgram.listen_settings import MAX_KEYTERMS
from duologue.protocols.deepgram.sentences import ends_sentence, write_sentences, write_words
from duologue.protocols.deepgram.wording import is_english
from duologue.protocols.dialect import (
    Audio,
    Close,
    Deadlines,
    Expect,
    Finalize,
    Frame,
    ListenItem,
    ListenOpen,
    Ping,
    Reply,
)
from duologue.protocols.query import Handshake

PATIENCE_S = 10.0
"""Without audio after the opening, later without any message (D§7.4)."""
START = 0.7
"""The start threshold: two voiced steps. Silence is not counted while the floor is above it, about as long as the gate hangs over."""
SEGMENT_SILENCE_S = 1.0
"""Silence behind which words are final for a client that wants no endpoints."""
FIRST_OF_ONE = (0, 1)


class ListenV1Dialect:
    """One live `/v1/listen` connection. Raises `Violation` for a query that is refused.

    `created` is the time of day in RFC 3339, for the metadata. `engine` names the recogniser, `models` names accepted besides the
    vendor's. With `strict`, unknown members of messages are errors.
    """

    deadlines = Deadlines(first_message=PATIENCE_S, idle=PATIENCE_S)
    refuses_handshakes = True
    HANDLED = ("KeepAlive", "Finalize", "CloseStream", "Configure")

    def __init__(
        self,
        handshake: Handshake,
        ids: IdSource,
        *,
        created: str,
        engine: str = "",
        models: Collection[str] = (),
        strict: bool = False,
    ) -> None:
        self.request_id = ids.uuid()
        self._request = read_live(handshake.query, models)
        self._hearing = self._request.hearing
        self._client = identify(handshake)
        self._strict = strict
        self._metadata = ResultsMetadata(self.request_id, model_info(self._hearing, engine), MODEL_UUID)
        self._created = created
        self._container = ContainerCheck(self._hearing.audio)
        self._sha256 = hashlib.sha256()
        self._received = 0
        gap = self._request.utterance_gap
        self._gaps = None if gap is None else UtteranceGaps(gap)
        self._told_until: Samples = 0
        self._position: Samples = 0
        self._shown = ""
        self._begins = True
        """The next words begin a sentence."""
        self._owes_finalize = False
        self._closing = False
        self._fatal = ""

    def open(self) -> ListenOpen:
        """What the query asked for."""
        silence = self._request.endpointing
        policy = TurnPolicy(START, None, 0.0, SEGMENT_SILENCE_S if silence is None else max(silence, 0.001))
        return ListenOpen(self._hearing.audio or UNTIL_TOLD, self._hearing.options, policy, self._hearing.model)

    def connected(self) -> Sequence[Frame]:
        """Nothing is said first (D§7.4)."""
        return []

    def receive(self, frame: Frame) -> Sequence[ListenItem]:
        """Binary is audio, an empty one an old way to close; text is JSON. Raises `Violation`; the socket is kept unless it is fatal."""
        if self._closing:
            return []
        if isinstance(frame, bytes):
            return self._hear(frame)
        members = parse_object(frame, MAX_CONTROL_BYTES)
        match members.get("type"):
            case "KeepAlive":
                return [Ping()]
            case "Finalize":
                self._owes_finalize = True
                return [Finalize(afterwards=self._finalized)]
            case "CloseStream":
                return self._close()
            case "Configure":
                return self._configure(convert(members, LiveConfigure, strict=self._strict))
            case _:
                raise unknown_message(self.HANDLED)

    def _hear(self, payload: bytes) -> Sequence[ListenItem]:
        if not payload:
            return self._close()
        check_audio_size(payload)
        self._container.see(payload)
        self._sha256.update(payload)
        self._received += len(payload)
        return [Audio(payload)]

    def _close(self) -> Sequence[ListenItem]:
        self._closing = True
        return [Close(afterwards=self._say_goodbye)]

    def _configure(self, wanted: LiveConfigure) -> Sequence[ListenItem]:
        if wanted.features is not None and wanted.features.numerals is not None:
            numerals = wanted.features.numerals and is_english(self._hearing.options.language)
            self._hearing = replace(self._hearing, wording=replace(self._hearing.wording, numerals=numerals))
        terms = wanted.keyterms
        if terms is None:
            return [Reply((encode(LiveConfigureSuccess(request_id=self.request_id)),))]
        keyterms = [terms] if isinstance(terms, str) else [term for term in terms if term]
        if len(keyterms) > MAX_KEYTERMS:
            failure = LiveConfigureFailure(
                request_id=self.request_id,
                code="CONFIGURE_KEYTERM_LIMIT_EXCEEDED",
                description=f"{len(keyterms)} keyterms; expected at most {MAX_KEYTERMS}",
            )
            return [Reply((encode(failure),))]
        options = replace(self._hearing.options, keyterms=tuple(keyterms))
        self._hearing = replace(self._hearing, options=options)
        success = LiveConfigureSuccess(request_id=self.request_id, keyterms=keyterms)
        return [Expect(options), Reply((encode(success),))]

    def render(self, event: ListenEvent) -> Sequence[Frame]:
        """`Results`, and the events that were asked for."""
        self._position = max(self._position, event.position)
        match event:
            case Progressed():
                return self._utterance_end(None if self._gaps is None else self._gaps.hear(event.position, event.floor))
            case TurnStarted():
                before = self._utterance_end(None if self._gaps is None else self._gaps.begin(event.speech_start))
                return [*before, *self._speech_started(event)]
            case TurnUpdated():
                return self._interim(event)
            case TurnEnded():
                return self._final(event)
            case TurnEagerEnded() | TurnResumed():
                return []  # they are off
            case _:
                assert_never(event)

    def _speech_started(self, event: TurnStarted) -> Sequence[Frame]:
        if not self._request.speech_events:
            return []
        return [encode(SpeechStarted(channel=FIRST_OF_ONE, timestamp=seconds(event.speech_start)))]

    def _utterance_end(self, last_word: Samples | None) -> Sequence[Frame]:
        if last_word is None:
            return []
        return [encode(UtteranceEnd(channel=FIRST_OF_ONE, last_word_end=seconds(last_word)))]

    def _interim(self, event: TurnUpdated) -> Sequence[Frame]:
        if not self._request.interim or event.text == self._shown:
            return []
        self._shown = event.text
        text, words = self._written(event)
        return [self._results(text, words, event.position)]

    def _final(self, event: TurnEnded) -> Sequence[Frame]:
        self._shown = ""
        forced = event.decision.trigger is Trigger.FORCED
        if forced:
            self._owes_finalize = False
        text, words = self._written(event)
        if event.text.strip():
            self._begins = ends_sentence(event)
        by_itself = event.decision.trigger in (Trigger.FLOOR, Trigger.TIMEOUT)
        results = self._results(
            text,
            words,
            event.position,
            final=True,
            speech_final=not by_itself or self._request.endpointing is not None,
            from_finalize=forced,
        )
        if self._gaps is None:
            return [results]
        last_word = event.words[-1].end if event.words else None
        return [results, *self._utterance_end(self._gaps.told(event.position, last_word))]

    def _written(self, event: TurnUpdated | TurnEnded) -> tuple[str, Sequence[TimedWord]]:
        """With capitals and stops, where they were asked for."""
        if not self._hearing.sentences:
            return event.text, event.words
        ended = isinstance(event, TurnEnded) and ends_sentence(event)
        return (
            write_sentences(event.text, ended=ended, begins=self._begins),
            write_words(event.words, ended=ended, begins=self._begins),
        )

    def _results(
        self,
        text: str,
        words: Sequence[TimedWord],
        position: Samples,
        *,
        final: bool = False,
        speech_final: bool = False,
        from_finalize: bool = False,
    ) -> str:
        start = self._told_until
        if final:
            self._told_until = max(start, position)
        results = Results(
            channel_index=FIRST_OF_ONE,
            duration=seconds(max(0, position - start)),
            start=seconds(start),
            is_final=final,
            speech_final=speech_final,
            from_finalize=from_finalize,
            channel=ListenChannelBody(alternatives=[alternative(text, words, self._hearing)]),
            metadata=self._metadata,
        )
        return encode(results)

    def _finalized(self) -> Sequence[Frame]:
        """The answer to a `Finalize` with nothing to transcribe: clients wait for one."""
        if not self._owes_finalize:
            return []
        self._owes_finalize = False
        return [self._results("", (), self._position, final=True, speech_final=True, from_finalize=True)]

    def _say_goodbye(self) -> Sequence[Frame]:
        declared = self._hearing.audio
        duration = seconds(self._position) if declared is None else round(declared.seconds(self._received), 3)
        metadata = Metadata(
            transaction_key=TRANSACTION_KEY,
            request_id=self.request_id,
            sha256=self._sha256.hexdigest(),
            created=self._created,
            duration=duration,
            channels=1,
        )
        return [encode(metadata)]

    def refuse(self, violation: Violation) -> Sequence[Frame]:
        """An `Error`, or a `Configure` that failed late; not to releases that would stop listening for good, and only to a client that gave
        cause: most take it for results (D§7.3). What failed here is told by the close.
        """
        if violation.fatal:
            self._fatal = violation.code
        if not self._client.takes_new_messages or violation.code == "internal":
            return []
        text = describe(violation)
        if violation.code == "reconfiguration":
            return [encode(LiveConfigureFailure(self.request_id, "CONFIGURE_INTERNAL_ERROR", text))]
        return [encode(ListenError(variant="SchemaError", description=text, message=text, code=violation.code.upper()))]

    def closing(self, reason: EndReason) -> tuple[int, str]:
        """The close code and its reason."""
        return listen_close(reason, self._fatal)
