"""One connection to an agent, from the client's side: what goes onto the wire and when, and what the scenario is told.

A machine. `start` is the first message, whatever is bridged already; nothing but it goes out before the `ack`, and everything after
carries the stream id of the ack (C§11.2). The caller's audio of the last two seconds before the ack is kept and sent behind it. A close
by the agent leaves its audio playing, a close by us does not. What the caller's loudspeaker has played is told to a server that said it
understands that, every 100 ms, at once when a buffer is cleared, and before we hang up (docs/agents.md).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from duologue.audio.formats import Samples
from duologue.audio.pcm import encode
from duologue.audio.resample import resample
from duologue.bridge.events import AgentsEvents, CloseReason
from duologue.bridge.linking import (
    AudioGiven,
    BufferCleared,
    CloseAsked,
    CloseSocket,
    DataAsked,
    GiveAudio,
    KeysAsked,
    Leave,
    LinkCommand,
    LinkEvent,
    PlayedTo,
    Received,
    RunChanged,
    Send,
    SetFormat,
    SocketLost,
    StartAsked,
    StoppedAt,
    Tell,
    TellClosed,
)
from duologue.protocols.cartesia.line_peer import (
    KEYS,
    LINE_FORMATS,
    Acknowledged,
    AgentAudio,
    AgentCleared,
    AgentPressed,
    AgentSaidOther,
    AgentSentData,
    AgentTransfers,
    LineSaid,
    read_closing,
    write_audio,
    write_data,
    write_key,
    write_playback,
    write_start,
)
from duologue.runtime.machine import Seconds

DEFAULT_FORMAT = "pcm_16000"


@dataclass(frozen=True, slots=True)
class LinkPolicy:
    """Bounds of a connection."""

    hold_s: Seconds = 2.0
    """The caller's audio that is kept for the ack; the oldest beyond it is dropped. 0 drops all of it."""
    hold_messages: int = 100
    """Keys and data that may wait for the ack."""
    ack_within_s: Seconds = 10.0
    """From `start` to its ack; then the connection is given up."""
    report_every_s: Seconds = 0.1
    """Between two playback reports."""


class AgentsLink:
    """The machine; the connection is open when it is made."""

    def __init__(self, policy: LinkPolicy | None = None) -> None:
        self._policy = policy or LinkPolicy()
        self._stream_id: str | None = None
        self._audio = LINE_FORMATS[DEFAULT_FORMAT]
        self._started = False
        self._ack_by: Seconds | None = None
        self._held: deque[AudioGiven] = deque()
        self._held_s: Seconds = 0.0
        self._waiting: deque[KeysAsked | DataAsked] = deque()
        self._reports = _PlaybackReports(self._policy.report_every_s)
        self._sounding = 0
        """Runs of audio that are being played."""
        self._closing: CloseReason | None = None
        self._over = False

    @property
    def started(self) -> bool:
        """Whether `start` was asked for."""
        return self._started

    @property
    def full(self) -> bool:
        """Whether no more keys or data can wait for the ack."""
        return self._stream_id is None and len(self._waiting) >= self._policy.hold_messages

    @property
    def stream_id(self) -> str | None:
        """The stream's name, once it is acknowledged."""
        return self._stream_id

    def handle(self, event: LinkEvent, now: Seconds) -> Sequence[LinkCommand]:
        """See the module. Facts about a connection that is over are dropped here; only its last sounds still count."""
        match event:
            case RunChanged(sounding):
                return self._hear_run(sounding)
            case _ if self._over:
                return ()
            case SocketLost():
                return self._lose(event)
            case _ if self._closing is not None:
                return ()
            case CloseAsked(code, reason):
                last = self._report(self._reports.at_once(now))
                self._closing = CloseReason.CLOSED_BY_US
                return (*last, CloseSocket(code, reason), Leave())
            case Received(said):
                return self._read(said)
            case _:
                return self._write(event, now)

    def wake(self, now: Seconds) -> Sequence[LinkCommand]:
        """A report that is due, or an ack that is overdue."""
        if self._over or self._closing is not None:
            return ()
        if self._ack_by is not None and now >= self._ack_by:
            self._ack_by = None
            self._closing = CloseReason.ERROR
            problem = f"the server did not acknowledge `start` within {self._policy.ack_within_s:g} s"
            return (Tell(AgentsEvents.WebSocketError, {"message": problem}), CloseSocket(1000, "no ack"), Leave())
        return self._report(self._reports.due(now))

    def wake_at(self) -> Seconds | None:
        """The ack's deadline before it, the next report after."""
        if self._over or self._closing is not None:
            return None
        return self._ack_by if self._ack_by is not None else self._reports.due_at()

    def _write(self, event: LinkEvent, now: Seconds) -> Sequence[LinkCommand]:
        """What we send."""
        match event:
            case StartAsked(start) if not self._started:
                self._started = True
                self._ack_by = now + self._policy.ack_within_s
                self._audio = LINE_FORMATS[start.input_format or DEFAULT_FORMAT]
                return (SetFormat(self._audio), Send(write_start(start)))
            case AudioGiven():
                return (self._media(event),) if self._stream_id is not None else self._hold(event)
            case KeysAsked() | DataAsked():
                if self._stream_id is None:
                    if not self.full:
                        self._waiting.append(event)
                    return ()
                return self._message(event, self._stream_id)
            case PlayedTo(position):
                self._reports.played_to(position, now)
                return self._report(self._reports.due(now))
            case StoppedAt(position):
                self._reports.stopped_at(position, now)
                return self._report(self._reports.due(now))
            case BufferCleared():
                return self._report(self._reports.at_once(now))
        return ()

    def _read(self, said: LineSaid) -> Sequence[LinkCommand]:
        """What the server says."""
        match said:
            case AgentAudio(payload):
                return (GiveAudio(payload),) if self._stream_id is not None else ()
            case Acknowledged():
                return self._acknowledge(said)
            case AgentCleared(raw):
                return (Tell(AgentsEvents.Clear, raw),)
            case AgentPressed(digit, raw) if digit in KEYS:
                return (Tell(AgentsEvents.DTMF, raw),)
            case AgentSentData(raw):
                return (Tell(AgentsEvents.Custom, raw),)
            case AgentTransfers(_, raw):
                return (Tell(AgentsEvents.TransferCall, raw),)
            case AgentPressed(_, raw) | AgentSaidOther(raw):
                return (Tell(AgentsEvents.Unknown, raw),)

    def _acknowledge(self, ack: Acknowledged) -> Sequence[LinkCommand]:
        """The first ack opens the line: its format, then whatever waited for it, in order."""
        told = Tell(AgentsEvents.ACK, ack.raw)
        if self._stream_id is not None or not self._started:
            return (told,)
        self._ack_by = None
        self._stream_id = ack.stream_id
        self._reports.wanted = ack.reports_playback
        commands: list[LinkCommand] = []
        if ack.audio is not None and ack.audio != self._audio:
            self._audio = ack.audio
            commands.append(SetFormat(ack.audio))
        commands += [command for waiting in self._waiting for command in self._message(waiting, ack.stream_id)]
        commands += [self._media(held) for held in self._held]
        self._waiting.clear()
        self._held.clear()
        return (*commands, told)

    def _message(self, event: KeysAsked | DataAsked, stream_id: str) -> Sequence[LinkCommand]:
        match event:
            case KeysAsked(digits):
                return [Send(write_key(stream_id, digit)) for digit in digits]
            case DataAsked(metadata):
                return (Send(write_data(stream_id, metadata)),)

    def _media(self, given: AudioGiven) -> Send:
        # Only audio from before the ack can be at another rate than the line's.
        rate = self._audio.sample_rate
        pcm = given.pcm if given.rate == rate else resample(given.pcm, given.rate, rate)
        return Send(write_audio(self._stream_id or "", encode(pcm, self._audio.encoding)))

    def _hold(self, given: AudioGiven) -> Sequence[LinkCommand]:
        self._held.append(given)
        self._held_s += len(given.pcm) / given.rate
        while self._held and self._held_s > self._policy.hold_s + 1e-9:
            oldest = self._held.popleft()
            self._held_s -= len(oldest.pcm) / oldest.rate
        return ()

    def _report(self, position: Samples | None) -> Sequence[LinkCommand]:
        if position is None or self._stream_id is None:
            return ()
        return (Send(write_playback(self._stream_id, position)),)

    def _hear_run(self, sounding: bool) -> Sequence[LinkCommand]:  # noqa: FBT001 - a fact, not a mode
        self._sounding += 1 if sounding else -1
        return (Leave(),) if self._over and not self._sounding else ()

    def _lose(self, lost: SocketLost) -> Sequence[LinkCommand]:
        self._over = True
        by_us = self._closing
        ended, idle, text = read_closing(lost.code, lost.reason)
        why = by_us or _meaning(lost.code, ended=ended, idle=idle)
        commands: list[LinkCommand] = []
        if by_us is None and why is CloseReason.ERROR:
            commands.append(Tell(AgentsEvents.WebSocketError, {"code": lost.code, "reason": lost.reason}))
        commands.append(TellClosed(lost.code, lost.reason, lost.was_clean, why, text))
        if by_us is None and not self._sounding:
            commands.append(Leave())
        return commands


class _PlaybackReports:
    """When to tell how far the loudspeaker has come."""

    def __init__(self, every_s: Seconds) -> None:
        self.wanted = False
        self._every_s = every_s
        self._position: Samples = 0
        self._sent: Samples = 0
        self._next_at: Seconds = 0.0

    def played_to(self, position: Samples, now: Seconds) -> None:
        """It has come to `position`; never back."""
        if position > self._position:
            self.stopped_at(position, now)

    def stopped_at(self, position: Samples, now: Seconds) -> None:
        """It is at `position`, whatever was said before."""
        if self._position == self._sent:
            self._next_at = max(self._next_at, now)
        self._position = position

    def due_at(self) -> Seconds | None:
        return self._next_at if self.wanted and self._position != self._sent else None

    def due(self, now: Seconds) -> Samples | None:
        """The position to report now, if one is due."""
        at = self.due_at()
        return self.at_once(now) if at is not None and at <= now else None

    def at_once(self, now: Seconds) -> Samples | None:
        """The position to report now."""
        if not self.wanted:
            return None
        self._sent = self._position
        self._next_at = now + self._every_s
        return self._position


def _meaning(code: int, *, ended: bool, idle: bool) -> CloseReason:
    """Any normal close that is no idle timeout is the agent's (C§11.4)."""
    if idle:
        return CloseReason.IDLE_TIMEOUT
    return CloseReason.AGENT_ENDED if ended or code == 1000 else CloseReason.ERROR
