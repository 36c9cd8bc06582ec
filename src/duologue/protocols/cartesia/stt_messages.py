"""Messages of `/stt/turns/websocket` (Cartesia docs: STT turns WebSocket; C§7.2, C§7.3)."""

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
