"""Messages of `/v2/listen` (Deepgram docs: Flux; D§6.2, D§6.3)."""

from __future__ import annotations

from duologue.protocols.codec import Message


class FluxMessage(Message, tag_field="type", omit_defaults=True):
    """A text frame; `type` is the class name. `sequence_id` counts all of them from 0."""

    sequence_id: int

    @classmethod
    def wire_name(cls) -> str:
        """The `type` on the wire."""
        return str(cls.__struct_config__.tag)


class FluxWord(Message, omit_defaults=True):
    """A word; times in seconds from the beginning of the audio."""

    word: str
    confidence: float
    start: float | None = None
    end: float | None = None


class Thresholds(Message, omit_defaults=True):
    """When a turn ends: both ways, in `Configure` with every member optional."""

    eager_eot_threshold: float | None = None
    eot_threshold: float | None = None
    eot_timeout_ms: float | None = None


class Connected(FluxMessage, tag=True):
    """Once, first."""

    request_id: str


class TurnInfo(FluxMessage, tag=True, kw_only=True):
    """Where the turn stands. Members with a default came later and are left out for releases that choke on them (D§12.3)."""

    request_id: str
    event: str
    turn_index: int
    audio_window_start: float
    audio_window_end: float
    transcript: str
    words: list[FluxWord]
    end_of_turn_confidence: float
    trigger: str | None = None
    languages: list[str] | None = None
    languages_hinted: list[str] | None = None


class ConfigureSuccess(FluxMessage, tag=True):
    """What holds from now on."""

    request_id: str
    thresholds: Thresholds
    keyterms: list[str]
    language_hints: list[str] | None = None
    numerals: bool | None = None


class ConfigureFailure(FluxMessage, tag=True):
    """Nothing has changed."""

    request_id: str
    code: str
    description: str


class FluxWarning(FluxMessage, tag="Warning"):
    """Something was not done; the connection goes on."""

    request_id: str
    code: str
    description: str


class FatalError(FluxMessage, tag="Error"):
    """The connection is closed behind this."""

    code: str
    description: str


class Configure(Message):
    """The client's wish for other settings; what is left out stays."""

    thresholds: Thresholds | None = None
    keyterms: list[str] | str | None = None
    language_hints: list[str] | str | None = None
    numerals: bool | None = None
