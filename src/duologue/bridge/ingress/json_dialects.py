"""The services that carry a call's audio as JSON over a WebSocket, as a table: they differ in names, not in kind.

Sources: Twilio Media Streams documentation; Telnyx, Plivo and VoxEngine from their documentation and published clients. Another service
of the family is another row.
"""

from __future__ import annotations

from dataclasses import dataclass

from duologue.audio.formats import AudioFormat, Encoding

TELEPHONE = AudioFormat(Encoding.MULAW, 8_000)


@dataclass(frozen=True, slots=True)
class JsonDialect:
    """How one service writes the messages of a stream."""

    name: str
    stream_id: str = ""
    """Member that names the stream, beside `event`; empty when a connection carries one stream without a name."""
    call_id: str = ""
    """Member of `start` that names the call."""
    account_id: str = ""
    """Member of `start` that names the account."""
    media_format: str = "mediaFormat"
    sample_rate: str = "sampleRate"
    parameters: str = ""
    """Member of `start`, or beside it, with the application's own parameters: an object, or one written as a string."""
    mark_returned: str = "mark"
    """Event that says a mark has been reached; empty when the service has no marks."""
    cleared: str = ""
    """Event that confirms a clear."""
    media_out: str = "media"
    mark_out: str = "mark"
    clear_out: str = "clear"
    """Empty when the service cannot drop what it has."""
    keys_out: str = ""
    """Event that presses keys towards the caller; empty when the service has none."""
    marks_nested: bool = True
    """A mark's name stands in a `mark` object rather than beside `event`, both ways."""
    names_stream: bool = False
    """Messages to the service carry the stream's name."""
    describes_audio: str = ""
    """Member of outgoing media that repeats the encoding, beside the sample rate; empty for none."""
    numbered: bool = False
    """Outgoing media is a stream of its own: `start` first, then numbered messages with their position in samples."""
    unordered: bool = False
    """Incoming audio may come out of order; its chunks are numbered."""
    audio: AudioFormat = TELEPHONE
    """What is assumed when `start` does not say."""


TWILIO = JsonDialect(
    "twilio",
    stream_id="streamSid",
    call_id="callSid",
    account_id="accountSid",
    parameters="customParameters",
    names_stream=True,
)
"""T§1.3, T§1.4. `clear` brings every mark that is out back at once."""

TELNYX = JsonDialect(
    "telnyx",
    stream_id="stream_id",
    call_id="call_control_id",
    account_id="user_id",
    media_format="media_format",
    sample_rate="sample_rate",
    parameters="custom_parameters",
    unordered=True,
)
"""T§2, with `stream_bidirectional_mode: "rtp"`."""

PLIVO = JsonDialect(
    "plivo",
    stream_id="streamId",
    call_id="callId",
    account_id="accountId",
    parameters="extra_headers",
    mark_returned="playedStream",
    cleared="clearedAudio",
    media_out="playAudio",
    mark_out="checkpoint",
    clear_out="clearAudio",
    keys_out="sendDTMF",
    marks_nested=False,
    names_stream=True,
    describes_audio="contentType",
)
"""T§3."""

VOXENGINE = JsonDialect(
    "voxengine",
    parameters="customParameters",
    mark_returned="",
    mark_out="",
    clear_out="",
    numbered=True,
    audio=AudioFormat(Encoding.PCM_S16LE, 8_000),
)
"""VoxEngine's generic media socket (V§8.2): the same three messages both ways, and nothing else."""

DIALECTS: tuple[JsonDialect, ...] = (TWILIO, TELNYX, PLIVO, VOXENGINE)

ENCODINGS = {
    "mulaw": Encoding.MULAW,
    "ulaw": Encoding.MULAW,
    "pcmu": Encoding.MULAW,
    "alaw": Encoding.ALAW,
    "pcma": Encoding.ALAW,
    "l16": Encoding.PCM_S16LE,
    "pcm8": Encoding.PCM_S16LE,
    "pcm16": Encoding.PCM_S16LE,
}
"""Names of encodings, without `audio/` and `x-`, in any case."""

FIXED_RATES = {"pcm8": 8_000, "pcm16": 16_000, "ulaw": 8_000, "pcmu": 8_000, "pcma": 8_000}
"""Names that mean one rate; a `start` that says another contradicts itself (V§8.2)."""

WIRE_NAMES = {Encoding.MULAW: "audio/x-mulaw", Encoding.ALAW: "audio/x-alaw", Encoding.PCM_S16LE: "audio/x-l16"}
"""How we name an encoding."""
VOXENGINE_NAMES = {Encoding.MULAW: "ULAW", Encoding.ALAW: "ALAW"}
"""The same to VoxEngine; linear audio is `PCM8` or `PCM16` by its rate."""
