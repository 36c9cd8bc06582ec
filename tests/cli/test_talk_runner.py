"""The shell of a call, with a scripted server, in virtual time."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK
from websockets.frames import Close

from duologue.audio.formats import LISTEN_RATE
from duologue.cli.call_screen import CallScreen
from duologue.cli.deepgram_call import SETTINGS, DeepgramCall
from duologue.cli.talk_runner import READY_S, UNSENT_FRAMES, RecordedSound, TalkRunner
from duologue.cli.talk_session import TalkPolicy, TalkSession
from duologue.errors import EngineFailure
from duologue.sim.clock import run

SECOND = np.full(24_000, 8_000, "<i2").tobytes()


@dataclass
class ScriptedServer:
    """Says its lines at their times, in seconds from the first `recv`; closes behind them where `code` says so."""

    lines: list[tuple[float, Any]]
    code: int | None = None
    takes: bool = True
    sent: list[Any] = field(default_factory=list)
    _began: float | None = None

    async def recv(self) -> Any:
        loop = asyncio.get_running_loop()
        if self._began is None:
            self._began = loop.time()
        if self.lines:
            at, line = self.lines.pop(0)
            await asyncio.sleep(max(0.0, self._began + at - loop.time()))
            return json.dumps(line) if isinstance(line, dict) else line
        if self.code is None:
            await loop.create_future()
        closed = ConnectionClosedOK if self.code == 1000 else ConnectionClosedError
        raise closed(Close(self.code or 1006, "bye"), None)

    async def send(self, frame: Any) -> None:
        if not self.takes:
            await asyncio.get_running_loop().create_future()
        self.sent.append(frame)


@dataclass
class Held:
    """What a call left."""

    session: TalkSession
    sound: RecordedSound
    server: ScriptedServer
    screen: str = ""
    seconds: float = 0.0


class ListeningSound(RecordedSound):
    """Counts what it is told."""

    def __init__(self, voice: np.ndarray) -> None:
        super().__init__(voice)
        self.told: list[str] = []

    def play(self, payload: bytes) -> None:
        self.told.append("play")

    def clear(self) -> None:
        self.told.append("clear")


def hold(server: ScriptedServer, seconds: float = 0.5, *, keyboard: bool = False, **policy: Any) -> Held:
    out = io.StringIO()
    session = TalkSession(DeepgramCall(SETTINGS), TalkPolicy(**policy))
    voice = np.full(round(seconds * LISTEN_RATE), 0.5, np.float32)
    held = Held(session, ListeningSound(voice), server)

    async def main() -> None:
        screen = CallScreen(Console(file=out, width=200, highlight=False))
        runner = TalkRunner(server, session, held.sound, screen, keyboard=keyboard)
        assert runner.loudspeaker_level() == runner.microphone_level() == 0.0
        try:
            await runner.run()
        finally:
            held.seconds, held.screen = runner.now(), out.getvalue()

    run(main())
    return held


READY = (0.1, {"type": "SettingsApplied"})
REPLY = {"type": "ConversationText", "role": "assistant", "content": "Sure."}


def test_a_recording_is_heard_in_real_time_answered_and_hung_up_on() -> None:
    held = hold(ScriptedServer([READY, (1.0, REPLY), (1.0, SECOND), (1.0, {"type": "AgentAudioDone"})]))
    assert json.loads(held.server.sent[0])["type"] == "Settings"
    audio = b"".join(frame for frame in held.server.sent if isinstance(frame, bytes))
    assert np.count_nonzero(np.frombuffer(audio, "<i2")) == LISTEN_RATE // 2
    assert held.seconds == pytest.approx(1.0 + 1.0 + 2.0, abs=0.1), "the reply, and the quiet behind it"
    assert len(audio) / 2 / LISTEN_RATE == pytest.approx(3.9, abs=0.1), "silence is sent on"
    assert "agent   Sure." in held.screen
    assert held.session.waits == [pytest.approx(0.4, abs=0.05)]


def test_the_loudspeaker_is_silenced_in_the_step_that_says_so() -> None:
    held = hold(ScriptedServer([READY, (0.2, REPLY), (0.2, SECOND), (0.4, {"type": "UserStartedSpeaking"})], 1000))
    assert held.sound.told == ["play", "clear"]  # type: ignore[attr-defined]
    assert not held.session.loudspeaker.recording(9.0, held.session.tape.began + 0.4).any()


def test_the_agent_may_hang_up() -> None:
    assert "the agent hung up (1000 bye)" in hold(ScriptedServer([READY], 1000)).screen


@pytest.mark.parametrize(("lines", "code"), [([READY], 1011), ([], 1000)])
def test_a_call_that_is_lost_or_refused_says_with_what_code(lines: list[Any], code: int) -> None:
    with pytest.raises(EngineFailure, match=f"it closed the call: {code} bye"):
        hold(ScriptedServer(lines, code))


def test_an_agent_that_never_takes_its_settings_is_given_up() -> None:
    with pytest.raises(EngineFailure, match=f"did not take its settings within {READY_S:g} s"):
        hold(ScriptedServer([]))


def test_a_server_that_takes_no_audio_is_given_up() -> None:
    with pytest.raises(EngineFailure, match="takes no audio any more"):
        hold(ScriptedServer([READY], takes=False), UNSENT_FRAMES * 0.02 + 5.0)


def test_typed_lines_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    held = hold(ScriptedServer([READY], 1000), keyboard=True)
    assert json.loads(held.server.sent[0])["type"] == "Settings"
