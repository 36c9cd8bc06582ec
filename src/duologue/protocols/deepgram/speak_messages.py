"""Messages of `/v1/speak` (Deepgram docs: Text to speech WebSocket; D§8.2, D§8.3)."""

from __future__ import annotations

from duologue.protocols.codec import Message

MODEL_UUID = "7d1f0b9c-3a52-4b64-8e0e-5c2f9a6d4b31"
"""Of whatever speaks here: the clients' types want one."""


class SpeakMessage(Message, tag_field="type", omit_defaults=True):
    """A text frame; `type` is the class name."""

    @classmethod
    def wire_name(cls) -> str:
        """The `type` on the wire."""
        return str(cls.__struct_config__.tag)


class SpeakMetadata(SpeakMessage, tag="Metadata"):
    """Once, first. Some releases stop listening when a member is missing (D§12.3)."""

    request_id: str
    model_name: str
    model_version: str
    model_uuid: str


class Flushed(SpeakMessage, tag=True):
    """All audio of the text before the flush of this number has been sent."""

    sequence_id: int


class Cleared(SpeakMessage, tag=True):
    """Buffered text and unsent audio are dropped."""

    sequence_id: int


class SpeakWarning(SpeakMessage, tag="Warning"):
    """Something was not done. Old releases read the second pair of names (D§8.3)."""

    code: str
    description: str
    warn_code: str
    warn_msg: str


class Speak(Message):
    """The client's text."""

    text: str


class SpeakBody(Message):
    """Body of `POST /v1/speak`."""

    text: str
