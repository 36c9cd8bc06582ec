"""`/stt/turns/websocket`: transcription with turns (Cartesia docs: STT turns WebSocket, Turn detection; C§7).

Transcripts only grow, so this dialect shows the stable text of a turn and never the revisable one. Joined verbatim, the transcripts of
all `turn.end` events are the whole text: from the second turn with words on they begin with the separating space.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import assert_never

from duologue.agent.commands import EndReason
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
from duologue.protocols.cartesia.stt_messages import (
    Config,
    Connected,
    TurnEagerEnd,
    TurnEnd,
    TurnResume,
    TurnSettings,
    TurnStart,
    TurnUpdate,
)
from duologue.protocols.cartesia.stt_query import read_audio, read_keyterms, read_model
from duologue.protocols.codec import (
    MAX_CONTROL_BYTES,
    check_audio_size,
    check_range,
    convert,
    encode,
    parse_object,
)
from duologue.protocols.dialect import Audio, Close, Deadlines, ForceEnd, Frame, ListenOpen, Ping, Retune
from duologue.protocols.query import Query

START_RANGE = (0.5, 0.9)
EAGER_END_RANGE = (0.3, 0.8)
"""As wide as the widest documentation: the SDK's text stops at 0.6 (C§18)."""
END_RANGE = (0.05, 0.5)
END_TIMEOUT_RANGE_MS = (640.0, 11_200.0)
LOWER_EAGER_END, LOWER_END = 0.4, 0.2
"""The defaults in the text of the SDKs (C§7.1). They stand in for ours where ours do not fit what a client named."""


class SttTurnsDialect:
    """One `/stt/turns/websocket` connection.

    `models` are names accepted besides `ink*`: the engines of this server. With `strict`, unknown members of messages are errors.
    """

    deadlines = Deadlines(idle=IDLE_S)
    refuses_handshakes = False

    def __init__(self, query: Query, ids: IdSource, *, models: Collection[str] = (), strict: bool = False) -> None:
        self.request_id = ids.uuid()
        self._query = query
        self._models = models
        self._strict = strict
        self._policy = TurnPolicy()
        self._closing = False
        self._fatal = ""
        self._said_before = False
        self._shown = ""

    def open(self) -> ListenOpen:
        """What the query asked for. Raises `Violation`; then `refuse` takes the place of `connected` and 1000 follows (C§7.6)."""
        query = self._query
        model = read_model(query, self._models)
        audio = read_audio(query)
        keyterms = read_keyterms(query)
        self._policy = tuned(
            self._policy,
            TurnSettings(
                start_threshold=query.number("turn_start_threshold"),
                eager_end_threshold=query.number("turn_eager_end_threshold"),
                end_threshold=query.number("turn_end_threshold"),
                end_timeout_ms=query.number("turn_end_timeout_ms"),
            ),
            "turn_",
        )
        # There is no `language` here (C§7.1): an unexpected one is ignored like every unknown parameter.
        return ListenOpen(audio, ListenOptions(keyterms=keyterms), self._policy, model)

    def connected(self) -> Sequence[Frame]:
        """Said first, once the settings are accepted."""
        return [encode(Connected(request_id=self.request_id))]

    def receive(self, frame: Frame) -> Sequence[Audio | Retune | ForceEnd | Ping | Close]:
        """Binary is audio from the first millisecond, text is JSON. Raises `Violation`; the socket is kept (C§7.6)."""
        if self._closing:
            return []  # C§7.5 (a): nothing is accepted behind a close
        if isinstance(frame, bytes):
            check_audio_size(frame)
            return [Audio(frame)] if frame else [Ping()]
        members = parse_object(frame, MAX_CONTROL_BYTES)
        match members.get("type"):
            case "close":
                self._closing = True
                return [Close()]
            case "config":
                config = convert(members, Config, strict=self._strict)
                self._policy = tuned(self._policy, config.turn or TurnSettings(), "turn.")
                return [Retune(self._policy)]
            case _:
                raise Violation("unknown_message", "unknown message type", path="type", expected="close or config")

    def render(self, event: ListenEvent) -> Sequence[Frame]:
        """One event per transition (C§7.3, C§7.4); progress is not shown."""
        match event:
            case TurnStarted():
                self._shown = ""
                return [encode(TurnStart(request_id=self.request_id))]
            case TurnUpdated():
                before = self._shown
                text = self._grown(event.stable_text)
                if text == before:
                    return []  # only words that may still change are new
                return [encode(TurnUpdate(request_id=self.request_id, transcript=text))]
            case TurnEagerEnded():
                text = self._grown(event.stable_text)
                return [encode(TurnEagerEnd(request_id=self.request_id, transcript=text))]
            case TurnResumed():
                return [encode(TurnResume(request_id=self.request_id))]
            case TurnEnded():
                text = self._grown(event.text)
                self._said_before = self._said_before or bool(text)
                self._shown = ""
                return [encode(TurnEnd(request_id=self.request_id, transcript=text))]
            case Progressed():
                return []
            case _:
                assert_never(event)

    def _grown(self, text: str) -> str:
        """The transcript to show: what was shown is never taken back (C§7.4 rule 4), the separator is inside (rule 6).

        Stable text only grows by itself. Should it ever not, the words behind those already shown are added, so that none is lost.
        """
        text = text.strip()
        spaced = f" {text}" if text and self._said_before else text
        if spaced.startswith(self._shown):
            self._shown = spaced
        else:
            self._shown = " ".join([self._shown, *text.split()[len(self._shown.split()) :]])
        return self._shown

    def refuse(self, violation: Violation) -> Sequence[Frame]:
        """An `error` event; also what is said instead of `connected`."""
        self._fatal = violation.code
        return [error_event(violation, self.request_id)]

    def closing(self, reason: EndReason) -> tuple[int, str]:
        """Always 1000 after a normal end and after rejected settings: the clients' loops end on it (C§7.5, C§7.6)."""
        return stt_close(reason, self._fatal)


def tuned(policy: TurnPolicy, settings: TurnSettings, prefix: str) -> TurnPolicy:
    """The policy with the given members replaced. Raises `Violation`; the order must fall strictly (C§7.1).

    A default that nobody named gives way to what is named (docs/decisions/0502-defaults-give-way-to-named-thresholds.md).
    `prefix` is what stands before the members' names where they came from, for the errors.
    """
    start = _ranged(settings.start_threshold, START_RANGE, f"{prefix}start_threshold", policy.start)
    eager_now = policy.start if policy.eager_end is None else policy.eager_end
    eager = _ranged(settings.eager_end_threshold, EAGER_END_RANGE, f"{prefix}eager_end_threshold", eager_now)
    end = _ranged(settings.end_threshold, END_RANGE, f"{prefix}end_threshold", policy.end)
    if eager >= start and settings.eager_end_threshold is None and eager == TurnPolicy().eager_end:
        eager = LOWER_EAGER_END
    if end >= eager and settings.end_threshold is None and end == TurnPolicy().end:
        end = LOWER_END
    timeout_ms = _ranged(
        settings.end_timeout_ms, END_TIMEOUT_RANGE_MS, f"{prefix}end_timeout_ms", policy.end_timeout * 1000
    )
    if not start > eager > end:
        raise Violation(
            "turn_settings",
            f"the thresholds must fall: start {start:g}, eager end {eager:g}, end {end:g}",
            path=f"{prefix}eager_end_threshold",
            expected=f"{prefix}start_threshold > {prefix}eager_end_threshold > {prefix}end_threshold",
        )
    return replace(policy, start=start, eager_end=eager, end=end, end_timeout=timeout_ms / 1000)


def _ranged(value: float | None, allowed: tuple[float, float], path: str, current: float) -> float:
    return current if value is None else check_range(value, *allowed, path, "turn_settings")
