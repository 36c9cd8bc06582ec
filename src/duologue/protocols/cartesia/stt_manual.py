"""`/stt/websocket`: transcription that the client finalises (Cartesia docs: STT WebSocket; C§8).

The client says where an utterance ends, so silence ends nothing unless it asked for that. To listening it is one turn per `finalize`.
Transcripts are joined verbatim: from the second one with words on they begin with the separating space.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import assert_never

from duologue.agent.commands import EndReason
from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.audio.spans import TimedWord
from duologue.errors import Violation
from duologue.ids import IdSource
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
from duologue.protocols.cartesia.errors import error_event
from duologue.protocols.cartesia.stt_closes import IDLE_S, stt_close
from duologue.protocols.cartesia.stt_messages import HeardWord, ManualDone, ManualFlushDone, Transcript
from duologue.protocols.cartesia.stt_query import read_audio, read_keyterms, read_model
from duologue.protocols.codec import MAX_CONTROL_BYTES, check_audio_size, check_range, check_size, encode, parse_object
from duologue.protocols.dialect import Audio, Close, Deadlines, Finalize, Frame, ListenOpen, Ping
from duologue.protocols.query import Query

ENDLESS = TurnPolicy(start=0.05, eager_end=None, end=0.0, end_timeout=24 * 3600.0)
"""Whatever opens the recogniser's gate begins an utterance, and no silence ends it."""
ENDED_BY_SILENCE = 0.5
"""The start threshold under the silence rule: silence is not counted while the floor is above it, about half a second after speech."""
MAX_SILENCE_S = 3600.0
MAX_LANGUAGE_CHARACTERS = 12
_QUOTES = "\"' \t\r\n"


class SttManualDialect:
    """One `/stt/websocket` connection. `models` are names accepted besides `ink*`."""

    deadlines = Deadlines(idle=IDLE_S)
    refuses_handshakes = False

    def __init__(self, query: Query, ids: IdSource, *, models: Collection[str] = ()) -> None:
        self.request_id = ids.uuid()
        self._query = query
        self._models = models
        self._language = "en"
        self._closing = False
        self._fatal = ""
        self._said_before = False
        self._shown = ""
        self._told_until: Samples = 0

    def open(self) -> ListenOpen:
        """What the query asked for. Raises `Violation`, told on the open socket like on the one with turns (C§7.6)."""
        query = self._query
        model = read_model(query, self._models)
        audio = read_audio(query)
        self._language = read_spoken_language(query.text("language"))
        policy = ENDLESS
        silence = query.number("max_silence_duration_secs")
        if silence is not None:
            check_range(silence, 0.1, MAX_SILENCE_S, "max_silence_duration_secs")
            policy = TurnPolicy(ENDED_BY_SILENCE, None, ENDLESS.end, silence)
        volume = query.number("min_volume")
        if volume is not None:
            check_range(volume, 0.0, 1.0, "min_volume")  # voice activity is judged by a model, not by loudness
        options = ListenOptions(language=self._language, keyterms=read_keyterms(query))
        return ListenOpen(audio, options, policy, model)

    def connected(self) -> Sequence[Frame]:
        """Nothing is said first (C§8.3)."""
        return []

    def receive(self, frame: Frame) -> Sequence[Audio | Finalize | Ping | Close]:
        """Binary is audio; commands are bare words, JSON is understood too (C§8.2). Raises `Violation`; the socket is kept."""
        if self._closing:
            return []
        if isinstance(frame, bytes):
            check_audio_size(frame)
            return [Audio(frame)] if frame else [Ping()]
        check_size(frame, MAX_CONTROL_BYTES)
        word = frame.strip(_QUOTES)
        if word.startswith("{"):
            word = str(parse_object(frame, MAX_CONTROL_BYTES).get("type"))
        match word.lower():
            case "finalize":
                return [Finalize((encode(ManualFlushDone(request_id=self.request_id)),))]
            case "close" | "done":
                self._closing = True
                return [Close((encode(ManualDone(request_id=self.request_id)),))]
            case _:
                raise Violation("unknown_message", "unknown command", expected="finalize or close")

    def render(self, event: ListenEvent) -> Sequence[Frame]:
        """Transcripts: interim while words come, final where the utterance ended."""
        match event:
            case TurnUpdated():
                text = self._spaced(event.text)
                if text == self._shown:
                    return []
                self._shown = text
                return [encode(Transcript(request_id=self.request_id, is_final=False, text=text))]
            case TurnEnded():
                return self._final(event)
            case TurnStarted() | TurnEagerEnded() | TurnResumed() | Progressed():
                return []
            case _:
                assert_never(event)

    def _final(self, event: TurnEnded) -> Sequence[Frame]:
        text, shown = self._spaced(event.text), self._shown
        duration = (event.position - self._told_until) / LISTEN_RATE
        self._told_until, self._shown = event.position, ""
        if not text and not shown:
            return []  # a sound that was no words
        self._said_before = self._said_before or bool(text)
        final = Transcript(
            request_id=self.request_id,
            is_final=True,
            text=text,
            duration=round(duration, 3),
            language=self._language,
            words=heard_words(event.words),
        )
        return [encode(final)]

    def _spaced(self, text: str) -> str:
        text = text.strip()
        return f" {text}" if text and self._said_before else text

    def refuse(self, violation: Violation) -> Sequence[Frame]:
        """An `error` event."""
        self._fatal = violation.code
        return [error_event(violation, self.request_id)]

    def closing(self, reason: EndReason) -> tuple[int, str]:
        """Always 1000 after a normal end and after rejected settings, as on the socket with turns."""
        return stt_close(reason, self._fatal)


def read_spoken_language(name: str | None) -> str:
    """The language of the speech, `en` unless named; any code is taken, what is understood depends on the engine (C§A.4).

    Raises `Violation("language_not_supported")` for what cannot be a code.
    """
    code = (name or "en").strip().lower()
    if len(code) > MAX_LANGUAGE_CHARACTERS or not code.replace("-", "").replace("_", "").isalpha():
        raise Violation(
            "language_not_supported", f"unknown language {code[:40]!r}", path="language", expected="a code such as en"
        )
    return code


def heard_words(words: Sequence[TimedWord]) -> list[HeardWord]:
    """Words with their times in seconds."""
    return [
        HeardWord(word.text, round(word.start / LISTEN_RATE, 3), round(word.end / LISTEN_RATE, 3)) for word in words
    ]
