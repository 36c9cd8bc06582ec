"""Messages of `/v2/speak` (Deepgram docs: Flux text to speech; D§9.2, D§9.3)."""

from __future__ import annotations

from duologue.protocols.codec import Message


class FluxSpeechMessage(Message, tag_field="type", omit_defaults=True):
    """A text frame; `type` is the class name."""

    @classmethod
    def wire_name(cls) -> str:
        """The `type` on the wire."""
        return str(cls.__struct_config__.tag)


class Connected(FluxSpeechMessage, tag=True):
    """Once, first."""

    request_id: str
    model_name: str
    model_version: str
    model_uuids: list[str]


class SpeechStarted(FluxSpeechMessage, tag=True):
    """A turn of speech begins: its audio lies between this and its `SpeechMetadata`."""

    speech_id: str


class Flushed(FluxSpeechMessage, tag=True):
    """The turn's text is complete."""

    speech_id: str


class ControlsApplied(Message):
    """Inline controls: there are none here."""

    pronunciations_applied: int = 0
    breaks_applied: int = 0
    pronunciation_warnings: int = 0


class TurnMetadata(Message):
    """What a turn came to, where it was interrupted."""

    speech_id: str
    audio_duration_ms: int
    input_character_count: int
    billable_character_count: int
    controls_applied: ControlsApplied


class SpeechMetadata(FluxSpeechMessage, tag=True):
    """A turn is over: all its audio has been sent."""

    speech_id: str
    audio_duration_ms: int
    input_character_count: int
    billable_character_count: int
    controls_applied: ControlsApplied


class SpeechInterrupted(FluxSpeechMessage, tag=True):
    """A turn was cut; the texts only where the client said how much it had played."""

    audio_played_ms: int
    metadata: TurnMetadata
    text_spoken: str | None = None
    text_remaining: str | None = None


class AppliedSettings(Message, omit_defaults=True):
    """What was set in this session."""

    speed: float | None = None


class ConfigureSuccess(FluxSpeechMessage, tag=True):
    """What holds for the text from now on."""

    applied: AppliedSettings


class ConfigureFailure(FluxSpeechMessage, tag=True):
    """Nothing has changed."""

    code: str
    field: str
    value: float
    description: str


class SessionMetadata(FluxSpeechMessage, tag=True):
    """Once, last."""

    total_audio_duration_ms: int
    total_input_character_count: int
    total_billable_character_count: int


class FluxSpeechWarning(FluxSpeechMessage, tag="Warning"):
    """Something was not done; the connection goes on."""

    code: str
    description: str


class FluxSpeechError(FluxSpeechMessage, tag="Error"):
    """The connection is closed behind this."""

    code: str
    description: str


class PlaybackOffset(Message):
    """How much of the session's audio the client has played."""

    value: float
    type: str = "time_ms"


class Interrupt(Message):
    """The client was interrupted."""

    playback_offset: PlaybackOffset | None = None


class SpeedChange(Message):
    """The client's `Configure`."""

    speed: float | None = None
