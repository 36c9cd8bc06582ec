"""Messages of `/agents/stream/{agent_id}` (Cartesia docs: Web calls, Calls API; C§11). The member `event` tells them apart."""

from __future__ import annotations

from typing import Any

from duologue.errors import DuologueError
from duologue.protocols.cartesia.errors import sentence, shape_of
from duologue.protocols.codec import Message

# From the client.


class ClientEvent(Message):
    """What every event may carry. A wrong `stream_id` is no error: a socket is one call."""

    event: str
    stream_id: Any = None


class StartConfig(Message):
    """What a call asks for; every member optional, others ignored."""

    input_format: str | None = None
    """Of both directions (C§11.2)."""
    voice_id: str | None = None
    output_audio_delivery: str | None = None


class StartAgent(Message):
    """What a call changes about the agent; `null` changes nothing, an empty introduction makes it wait."""

    system_prompt: str | None = None
    introduction: str | None = None


class Start(ClientEvent):
    """Must come first, and once."""

    stream_id: str | int | None = None
    config: StartConfig | None = None
    agent: StartAgent | None = None
    metadata: dict[str, Any] | None = None


class Media(Message):
    """Audio as base64."""

    payload: str


class MediaInput(ClientEvent):
    """The caller's audio. Some clients write `payload` at the top level, and no `stream_id` (C§11.2)."""

    media: Media | None = None
    payload: str | None = None


class Dtmf(ClientEvent, kw_only=True):
    """A key; a row of them is taken one by one."""

    dtmf: str | int


class Custom(ClientEvent, kw_only=True):
    """Data of the application's own."""

    metadata: dict[str, Any]


class PlaybackPosition(Message):
    """Samples of everything received that are over (docs/agents.md)."""

    position: int


class Playback(ClientEvent, kw_only=True):
    """What the client's loudspeaker has played: an extension of ours."""

    playback: PlaybackPosition


# From the server.


class LineEvent(Message, tag_field="event", omit_defaults=True):
    """What every event carries."""

    stream_id: str


class AckConfig(Message):
    """What is in effect."""

    input_format: str
    voice_id: str
    output_audio_delivery: str


class AckAgent(Message, omit_defaults=True):
    """The agent for this call. Its prompt is told only to a client that sent it."""

    id: str
    introduction: str | None = None
    system_prompt: str | None = None


class Ack(LineEvent, tag="ack"):
    """The call is open."""

    call_id: str
    config: AckConfig
    agent: AckAgent
    playback_reports: bool


class MediaOutput(LineEvent, tag="media_output"):
    """The agent's audio."""

    media: Media


class Clear(LineEvent, tag="clear"):
    """Drop what was not played."""


class DtmfOutput(LineEvent, tag="dtmf"):
    """The agent presses a key."""

    dtmf: str


class CustomOutput(LineEvent, tag="custom"):
    """Data of the agent's."""

    metadata: dict[str, Any]


class Transfer(Message):
    """Where the call is to go."""

    target_phone_number: str


class TransferCall(LineEvent, tag="transfer_call"):
    """The agent hands the call on; the client must do it."""

    transfer: Transfer


class TurnBegun(Message):
    """Whose turn."""

    id: str
    role: str


class TurnText(Message):
    """More of what the agent says: append verbatim."""

    id: str
    text: str


class TurnOver(Message):
    """The whole turn; for the agent what was heard of it."""

    id: str
    role: str
    text: str
    was_interrupted: bool


class TurnStarted(LineEvent, tag="turn_started"):
    """The three turn events are nested under a member of their own name (C§11.3)."""

    turn_started: TurnBegun


class TurnOutputTextDelta(LineEvent, tag="turn_output_text_delta"):
    """As it begins to sound."""

    turn_output_text_delta: TurnText


class TurnEnded(LineEvent, tag="turn_ended"):
    """Said, heard to its end, or interrupted."""

    turn_ended: TurnOver


class LineError(Message, tag_field="event", tag="error", omit_defaults=True):
    """The vendor documents no error here: `message` is what its clients would look for, the rest as on its other sockets (C§3.2)."""

    status_code: int
    title: str
    message: str
    request_id: str
    error_code: str | None = None
    stream_id: str | None = None


FAILED = 500
"""The agent's own trouble, as `status_code`."""


def line_failure(message: str, request_id: str, stream_id: str | None) -> LineError:
    """The agent could not do what it should, and the call goes on."""
    return LineError(
        status_code=FAILED, title="Agent failed", message=message, request_id=request_id, stream_id=stream_id
    )


def line_error(error: DuologueError, request_id: str, stream_id: str | None) -> LineError:
    """An error of ours in this shape."""
    shape = shape_of(error)
    return LineError(
        status_code=shape.status,
        title=shape.title,
        message=sentence(error),
        request_id=request_id,
        error_code=shape.error_code,
        stream_id=stream_id,
    )
