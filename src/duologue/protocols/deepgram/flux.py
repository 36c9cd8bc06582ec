"""`/v2/listen`, Flux: transcription with turns (Deepgram docs: Flux; D§6).

`sequence_id` counts what is sent, so every message is written when it is sent: nothing is prepared beforehand.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from duologue.agent.commands import EndReason
from duologue.audio.formats import LISTEN_RATE
from duologue.audio.spans import TimedWord
from duologue.errors import Violation
from duologue.ids import IdSource
from duologue.listen.events import ListenEvent
from duologue.listen.hypothesis import ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.protocols.codec import MAX_CONTROL_BYTES, check_audio_size, convert, describe, encode, parse_object
from duologue.protocols.deepgram.clients import identify
from duologue.protocols.deepgram.containers import UNTIL_TOLD, ContainerCheck
from duologue.protocols.deepgram.errors import unknown_message
from duologue.protocols.deepgram.flux_messages import (
    Configure,
    ConfigureFailure,
    ConfigureSuccess,
    Connected,
    FatalError,
    FluxWarning,
    FluxWord,
    Thresholds,
    TurnInfo,
)
from duologue.protocols.deepgram.flux_turns import FluxTurn, FluxTurns, Stage
from duologue.protocols.deepgram.formats import read_stream
from duologue.protocols.deepgram.listen_closes import listen_close
from duologue.protocols.deepgram.listen_query import refuse_what_would_be_missed
from duologue.protocols.deepgram.listen_settings import MULTILINGUAL, is_flux, plain_turns, terms_of, tuned
from duologue.protocols.deepgram.settings_messages import ListenProvider
from duologue.protocols.deepgram.wording import Wording, is_english
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
    Retune,
)
from duologue.protocols.query import Handshake, Query

IDLE_S = 900.0
"""Without any message. The vendor counts WebSocket pings, which this program does not see: so it waits long."""


class FluxDialect:
    """One `/v2/listen` connection. Raises `Violation` for a query that is refused. `models` are names accepted besides `flux*`.

    With `strict`, unknown members of messages are errors.
    """

    deadlines = Deadlines(idle=IDLE_S)
    refuses_handshakes = True
    HANDLED = ("CloseStream", "Configure", "ForceEndTurn", "KeepAlive")

    def __init__(
        self, handshake: Handshake, ids: IdSource, *, models: Collection[str] = (), strict: bool = False
    ) -> None:
        self.request_id = ids.uuid()
        query = handshake.query
        self._model = _read_model(query, models)
        refuse_what_would_be_missed(query)
        self._hints = query.all("language_hint")
        self._audio = read_stream(query.text("encoding"), query.whole("sample_rate"))
        self._policy = tuned(plain_turns(), _asked(query), "")
        keyterms = terms_of(list(query.all("keyterm") + query.all("keyterms")), path="keyterm") or ()
        self._options = ListenOptions(language=self._hints[0] if self._hints else "en", keyterms=keyterms)
        self._numerals = query.flag("numerals")
        self._wording = Wording()
        self._worded_turn = -1
        self._client = identify(handshake)
        self._strict = strict
        self._container = ContainerCheck(self._audio)
        self._turns = FluxTurns(eager=self._policy.eager_end is not None)
        self._sequence = 0
        self._closing = False
        self._fatal = ""

    def open(self) -> ListenOpen:
        """What the query asked for."""
        return ListenOpen(self._audio or UNTIL_TOLD, self._options, self._policy, self._model)

    def connected(self) -> Sequence[Frame]:
        """Said first."""
        return [encode(Connected(self._next(), self.request_id))]

    def receive(self, frame: Frame) -> Sequence[ListenItem]:
        """Binary is audio, text is JSON. Raises `Violation`; the socket is kept unless it is fatal."""
        if self._closing:
            return []
        if isinstance(frame, bytes):
            check_audio_size(frame)
            self._container.see(frame)
            return [Audio(frame)] if frame else [Ping()]
        members = parse_object(frame, MAX_CONTROL_BYTES)
        match members.get("type"):
            case "CloseStream":
                self._closing = True
                return [Close()]
            case "Configure":
                return self._configure(convert(members, Configure, strict=self._strict))
            case "ForceEndTurn":
                return self._force_end()
            case "KeepAlive":
                return [Ping()]  # no part of this protocol, and no harm (D§6.2)
            case _:
                raise unknown_message(self.HANDLED)

    def _force_end(self) -> Sequence[ListenItem]:
        if self._turns.stage is not Stage.IDLE:
            return [Finalize()]  # what was sent before it is heard first, what comes behind it belongs to the next turn
        return self._warn("FORCE_END_TURN_NO_ACTIVE_TURN", "no turn is open")

    def _warn(self, code: str, description: str) -> Sequence[ListenItem]:
        if not self._client.takes_new_messages:
            return []
        return [Reply((encode(FluxWarning(self._next(), self.request_id, code, description)),))]

    def _configure(self, wanted: Configure) -> Sequence[ListenItem]:
        given = wanted.thresholds or Thresholds()
        try:
            policy = tuned(
                self._policy,
                ListenProvider(
                    eot_threshold=given.eot_threshold,
                    eager_eot_threshold=given.eager_eot_threshold,
                    eot_timeout_ms=given.eot_timeout_ms,
                ),
                "thresholds",
            )
            keyterms = terms_of(wanted.keyterms, path="keyterms")
        except Violation as violation:
            code = "INVALID_KEYTERMS" if violation.path == "keyterms" else "INVALID_THRESHOLD"
            return [Reply((encode(ConfigureFailure(self._next(), self.request_id, code, describe(violation))),))]
        hints = terms_of(wanted.language_hints, path="language_hints")
        options = replace(
            self._options,
            keyterms=self._options.keyterms if keyterms is None else keyterms,
            language=self._options.language if hints is None else (hints[0] if hints else "en"),
        )
        if wanted.numerals is not None:
            self._numerals = wanted.numerals
        self._hints = self._hints if hints is None else hints
        changed = options != self._options
        self._policy, self._options = policy, options
        self._turns.eager = policy.eager_end is not None
        success = ConfigureSuccess(
            self._next(),
            self.request_id,
            _thresholds(policy),
            list(options.keyterms),
            list(self._hints) if self._is_multilingual else None,
            self._numerals if self._client.takes_new_messages else None,
        )
        # The answer goes first: while another recogniser is opened, events go on and count.
        return [Retune(policy), Reply((encode(success),)), *([Expect(options)] if changed else [])]

    def render(self, event: ListenEvent) -> Sequence[Frame]:
        """`TurnInfo`."""
        return [encode(self._turn_info(self._written(turn))) for turn in self._turns.follow(event)]

    def _written(self, turn: FluxTurn) -> FluxTurn:
        """As the client wants it. A wish holds from the next turn on: the text of an end is that of the eager end before it (D§6.4)."""
        if turn.turn != self._worded_turn or self._turns.stage is Stage.IDLE:
            self._worded_turn = turn.turn
            self._wording = Wording(self._numerals and is_english(self._options.language))
        return replace(turn, text=self._wording.text(turn.text), words=self._wording.words(turn.words))

    def _turn_info(self, turn: FluxTurn) -> TurnInfo:
        new = self._client.takes_new_messages
        multilingual = new and self._is_multilingual
        return TurnInfo(
            sequence_id=self._next(),
            request_id=self.request_id,
            event=turn.event.value,
            turn_index=turn.turn,
            audio_window_start=_seconds(turn.window_start),
            audio_window_end=_seconds(turn.window_end),
            transcript=turn.text,
            words=[_word(word, timed=new) for word in turn.words],
            end_of_turn_confidence=turn.confidence,
            trigger=turn.trigger if new else None,
            languages=[self._options.language] if multilingual else None,
            languages_hinted=list(self._hints) if multilingual else None,
        )

    @property
    def _is_multilingual(self) -> bool:
        return self._model.lower() == MULTILINGUAL

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence - 1

    def refuse(self, violation: Violation) -> Sequence[Frame]:
        """A `Warning`, or the fatal `Error` that goes before a close."""
        code = violation.code.upper()
        if violation.fatal or violation.code == "internal":
            self._fatal = violation.code
            return [
                encode(
                    FatalError(
                        self._next(), "INTERNAL_SERVER_ERROR" if code == "INTERNAL" else code, describe(violation)
                    )
                )
            ]
        return [
            frame for item in self._warn(code, describe(violation)) if isinstance(item, Reply) for frame in item.told
        ]

    def closing(self, reason: EndReason) -> tuple[int, str]:
        """The close code and its reason."""
        return listen_close(reason, self._fatal)


def _read_model(query: Query, models: Collection[str]) -> str:
    model = query.text("model", "flux-general-en") or ""
    if not is_flux(model) and model not in models:
        raise Violation(
            "model_not_found",
            "No such model/version combination found",
            path="model",
            expected="flux-general-en or flux-general-multi",
            remedy="Other models listen at /v1/listen.",
        )
    return model


def _asked(query: Query) -> ListenProvider:
    return ListenProvider(
        eot_threshold=query.number("eot_threshold"),
        eager_eot_threshold=query.number("eager_eot_threshold"),
        eot_timeout_ms=query.number("eot_timeout_ms"),
    )


def _thresholds(policy: TurnPolicy) -> Thresholds:
    return Thresholds(
        eager_eot_threshold=None if policy.eager_end is None else round(1.0 - policy.eager_end, 6),
        eot_threshold=round(1.0 - policy.end, 6),
        eot_timeout_ms=round(policy.end_timeout * 1000),
    )


def _word(word: TimedWord, *, timed: bool) -> FluxWord:
    if not timed:
        return FluxWord(word.text, round(word.confidence, 4))
    return FluxWord(word.text, round(word.confidence, 4), _seconds(word.start), _seconds(word.end))


def _seconds(position: int) -> float:
    return round(position / LISTEN_RATE, 3)
