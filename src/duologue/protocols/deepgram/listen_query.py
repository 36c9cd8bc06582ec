"""The query of `/v1/listen`, live and of recordings (Deepgram docs: Live audio; D§7.1, D§7.7).

Numbers and replacements are written as asked for (`wording.py`); what else decorates text (`diarize`, `profanity_filter` ...) is accepted
without effect. What a client relies on for privacy or for getting the results at all (`redact`, `callback`, `multichannel`) is refused,
because silence would be worse.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from duologue.audio.formats import LISTEN_RATE, AudioFormat, Samples
from duologue.audio.wav import MAX_CHANNELS
from duologue.errors import Violation
from duologue.listen.hypothesis import ListenOptions
from duologue.protocols.codec import check_range
from duologue.protocols.deepgram.formats import read_stream
from duologue.protocols.deepgram.listen_settings import MAX_KEYTERMS, is_flux
from duologue.protocols.deepgram.wording import Wording, is_english, read_wording
from duologue.protocols.query import Query
from duologue.runtime.machine import Seconds

DEFAULT_MODEL = "base"
FAMILIES = ("nova", "enhanced", "base", "whisper")
"""What names of models begin with (D§B)."""
MODELS = frozenset(
    "general meeting phonecall finance conversationalai voicemail video medical drivethru automotive custom".split()
)
"""Names without their family: `base` is meant."""
ENDPOINTING_MS = 10.0
UTTERANCE_END_RANGE_MS = (1_000.0, 60_000.0)
MAX_ENDPOINTING_MS = 60_000.0
UTTERANCE_GAP_S, UTTERANCE_GAP_RANGE_S = 0.8, (0.0, 60.0)
"""Silence between two utterances of a recording."""
MULTI = "multi"
"""The language code for several at once."""


@dataclass(frozen=True, slots=True)
class HearingRequest:
    """What is to be heard, and how it is told."""

    model: str
    options: ListenOptions
    audio: AudioFormat | None
    """`None` for audio that says itself what it is."""
    punctuated: bool
    """Words come in a second form, with their signs."""
    multilingual: bool
    wording: Wording = Wording()  # noqa: RUF009 - it cannot be changed
    """How it is written."""
    sentences: bool = False
    """With capitals and stops; only in English."""


@dataclass(frozen=True, slots=True)
class LiveRequest:
    """The same of a live stream."""

    hearing: HearingRequest
    interim: bool
    endpointing: Seconds | None
    """Silence that ends an utterance; `None` when none does."""
    utterance_gap: Samples | None
    """Without words until `UtteranceEnd`; `None` to say nothing."""
    speech_events: bool


@dataclass(frozen=True, slots=True)
class RecordingRequest:
    """The same of a recording."""

    hearing: HearingRequest
    channels: int
    """Of samples without a header."""
    apart: bool
    """Each channel is heard by itself."""
    utterance_gap: Seconds | None
    """Silence between two utterances; `None` to tell none."""
    paragraphs: bool


def read_hearing(query: Query, engines: Collection[str] = (), *, most_channels: int = 1) -> HearingRequest:
    """What both kinds of request share. `engines` are names of models besides the vendor's. Raises `Violation`."""
    model = query.text("model", DEFAULT_MODEL) or DEFAULT_MODEL
    check_model(model, engines)
    refuse_what_would_be_missed(query, most_channels)
    keyterms = query.all("keyterm") + query.all("keyterms") + _keywords(query, model)
    if len(keyterms) > MAX_KEYTERMS:
        raise Violation("keyterms", f"{len(keyterms)} keyterms", path="keyterm", expected=f"at most {MAX_KEYTERMS}")
    language = (query.text("language") or "").lower()
    hints = query.all("language_hint")
    spoken = language if language not in ("", MULTI) else (hints[0].lower() if hints else "en")
    punctuated = query.flag("punctuate") or query.flag("smart_format")
    return HearingRequest(
        model=model,
        options=ListenOptions(language=spoken, keyterms=keyterms),
        audio=read_stream(query.text("encoding"), query.whole("sample_rate")),
        punctuated=punctuated,
        multilingual=language == MULTI,
        wording=read_wording(query, spoken),
        sentences=punctuated and is_english(spoken),
    )


def read_live(query: Query, engines: Collection[str] = ()) -> LiveRequest:
    """A live stream's query. Raises `Violation`, to be answered with HTTP 400."""
    hearing = read_hearing(query, engines)
    interim = query.flag("interim_results")
    gap_ms = query.number("utterance_end_ms")
    if gap_ms is not None:
        check_range(gap_ms, *UTTERANCE_END_RANGE_MS, "utterance_end_ms")
        if not interim:
            raise Violation(
                "bad_parameter",
                "utterance_end_ms needs interim results",
                path="utterance_end_ms",
                expected="interim_results=true",
            )
    return LiveRequest(
        hearing=hearing,
        interim=interim,
        endpointing=_endpointing(query),
        utterance_gap=None if gap_ms is None else round(gap_ms / 1000 * LISTEN_RATE),
        speech_events=query.flag("vad_events"),
    )


def read_recording(query: Query, engines: Collection[str] = ()) -> RecordingRequest:
    """A recording's query. Raises `Violation`."""
    gap = query.number("utt_split")
    if gap is not None:
        check_range(gap, *UTTERANCE_GAP_RANGE_S, "utt_split")
    return RecordingRequest(
        hearing=read_hearing(query, engines, most_channels=MAX_CHANNELS),
        channels=query.whole("channels") or 1,
        apart=query.flag("multichannel"),
        utterance_gap=(UTTERANCE_GAP_S if gap is None else gap) if query.flag("utterances") else None,
        paragraphs=query.flag("paragraphs", default=query.flag("smart_format")),
    )


def check_model(model: str, engines: Collection[str]) -> None:
    """Refuse what does not listen here. Raises `Violation("model_not_found")` (D§6: Flux has a path of its own)."""
    name = model.lower()
    if is_flux(name):
        remedy = "Flux models listen at /v2/listen."
    elif name.startswith(FAMILIES) or name in MODELS or model in engines:
        return
    else:
        remedy = "Models begin with nova, enhanced, base or whisper."
    raise Violation("model_not_found", "No such model/version combination found", path="model", remedy=remedy)


def _endpointing(query: Query) -> Seconds | None:
    written = query.text("endpointing")
    if written is not None and written.lower() == "false":
        return None
    ms = ENDPOINTING_MS if written is None or written.lower() == "true" else query.number("endpointing")
    return check_range(ENDPOINTING_MS if ms is None else ms, 0, MAX_ENDPOINTING_MS, "endpointing") / 1000


def refuse_what_would_be_missed(query: Query, most_channels: int = 1) -> None:
    """Channels apart on live audio, results elsewhere, redaction: there is none of it here. Raises `Violation`."""
    channels = query.whole("channels")
    if channels is not None and not 1 <= channels <= most_channels:
        remedy = "Send one channel." if most_channels == 1 else f"Send 1 to {most_channels}."
        raise _unsupported("channels", f"{channels} channels are not heard apart", remedy)
    if query.text("callback") is not None:
        raise _unsupported("callback", "results are given on the connection only", "Leave it out.")
    if any(value.lower() != "false" for value in query.all("redact")):
        raise _unsupported("redact", "nothing here can redact", "Leave it out, and redact the transcript yourself.")


def _unsupported(path: str, message: str, remedy: str) -> Violation:
    return Violation("bad_parameter", message, path=path, remedy=remedy)


def _keywords(query: Query, model: str) -> tuple[str, ...]:
    """The words of `word:boost`; how much they are raised is the engine's business."""
    words = tuple(written.rpartition(":")[0] if ":" in written else written for written in query.all("keywords"))
    if words and model.lower().startswith("nova-3"):
        raise _unsupported("keywords", "nova-3 takes no keywords", "Name them as keyterm.")
    return words
