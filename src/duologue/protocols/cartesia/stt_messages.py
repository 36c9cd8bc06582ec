"""Messages of `/stt/turns/websocket`, `/stt/websocket` and `/stt` (Cartesia docs: STT; C§7.2, C§7.3, C§8.3, C§9)."""

from __future__ import annotations

from duologue.protocols.codec import Message


class TurnSettings(Message):
    """The `turn` member of a `config` message: every member optional."""

    start_threshold: float | None = None
    eager_end_threshold: float | None = None
    end_threshold: float | None = None
    end_timeout_ms: float | None = None


class Config(Message):
    """Change turn settings during the session; no acknowledgement is documented."""

    turn: TurnSettings | None = None


class SttEvent(Message, tag_field="type"):
    """What every event carries: the connection's id (C§7.3)."""

    request_id: str


class Connected(SttEvent, tag="connected"):
    """Once, first."""


class TurnStart(SttEvent, tag="turn.start"):
    """The user began to speak."""


class TurnResume(SttEvent, tag="turn.resume"):
    """The last eager end was wrong."""


class TextEvent(SttEvent):
    """An event with the text of the turn so far."""

    transcript: str


class TurnUpdate(TextEvent, tag="turn.update"):
    """More text."""


class TurnEagerEnd(TextEvent, tag="turn.eager_end"):
    """The user has perhaps finished."""


class TurnEnd(TextEvent, tag="turn.end"):
    """The turn is over."""


class HeardWord(Message):
    """A word and where it sounds, in seconds from the beginning of the audio."""

    word: str
    start: float
    end: float


class ManualEvent(Message, tag_field="type", omit_defaults=True):
    """What every event of the socket with manual finalisation carries."""

    request_id: str


class Transcript(ManualEvent, tag="transcript"):
    """Words since the last final transcript: an interim one replaces the one before, a final one is appended. Also the answer of `/stt`."""

    is_final: bool
    text: str
    duration: float | None = None
    """Of the audio it covers, in seconds."""
    language: str | None = None
    words: list[HeardWord] | None = None


class ManualFlushDone(ManualEvent, tag="flush_done"):
    """Everything received before `finalize` has been transcribed."""


class ManualDone(ManualEvent, tag="done"):
    """Everything has been transcribed; the close follows."""
