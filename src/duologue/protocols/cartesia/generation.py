"""What a request for speech asks for, the same on the socket and over HTTP (Cartesia docs: TTS; C§5.1, C§6.1)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from duologue.audio.formats import AudioFormat
from duologue.errors import Violation
from duologue.protocols.cartesia.formats import TTS_ENCODINGS, TTS_RATES, read_format, read_language
from duologue.protocols.cartesia.tts_messages import Delivery, VoiceControls, VoiceObject
from duologue.protocols.codec import check_range
from duologue.protocols.dialect import VoiceLookup
from duologue.speak.speech import SpeakOptions

SPEED_RANGE = (0.6, 2.0)
"""As wide as the widest that clients are told: the vendor's page stops at 1.5 (C§5.1), a plugin of livekit's at 2."""
VOLUME_RANGE = (0.5, 2.0)
MAX_EMOTION_CHARACTERS = 40
MAX_DICTIONARY_ID = 256
LEGACY_SPEEDS = {"slow": 0.8, "slowest": 0.6, "normal": 1.0, "fast": 1.2, "fastest": 1.5}
"""Ratios for the words of the legacy `speed` member, ours: the vendor names none."""
ACCENT_LOCALES = {"general-american": "en-us", "british": "en-gb"}
"""What the accents of the embedded voices mean (C§A.5). Any other accent changes nothing."""
NORMALIZATIONS = ("auto", "off")
"""Of `normalization`, besides codes of languages."""


class GenerationReader:
    """Turns members of a request into our own words. `voices` as in `TtsDialect`; `models` are names accepted besides `sonic*`."""

    def __init__(self, voices: VoiceLookup | None, models: Collection[str], *, strict: bool) -> None:
        self._voices = voices
        self._models = models
        self._strict = strict

    def check_model(self, model: str | None) -> None:
        """Refuse what is no model for speech. Raises `Violation("model_not_found")`; nothing named is no reason."""
        if model is not None and not model.lower().startswith("sonic") and model not in self._models:
            raise Violation(
                "model_not_found",
                f"{model[:80]!r} is not a model",
                path="model_id",
                expected="sonic-3.5 or another sonic",
            )

    def read_format(self, encoding: str, sample_rate: int) -> AudioFormat:
        """The samples asked for. Raises `Violation("unsupported_audio_format")`."""
        audio = read_format(encoding, sample_rate, "output_format")
        if self._strict and (audio.encoding not in TTS_ENCODINGS or audio.sample_rate not in TTS_RATES):
            raise Violation("unsupported_audio_format", "not a documented format", path="output_format")
        return audio

    def options(self, message: Delivery, before: SpeakOptions) -> SpeakOptions:
        """What the message says about the delivery; what it leaves out stays as it was before. Raises `Violation`."""
        options = _in_language(message, before)
        if message.voice is not None:
            options = replace(options, voice=self._voice(message.voice, options.language))
            if isinstance(message.voice, VoiceObject) and (controls := message.voice.controls) is not None:
                options = _controlled(controls, options)
        if message.pronunciation_dict_id is not None:
            options = replace(options, dictionary=message.pronunciation_dict_id[:MAX_DICTIONARY_ID])
        if message.normalization:
            written = message.normalization.strip().lower()
            known = written if written in NORMALIZATIONS else read_language(written, "normalization")
            options = replace(options, normalization=known)
        if message.speed is not None:
            options = replace(options, speed=_legacy_speed(message.speed))
        if config := message.generation_config:
            if config.speed is not None:
                speed = check_range(config.speed, *SPEED_RANGE, "generation_config.speed")
                options = replace(options, speed=speed)
            if config.volume is not None:
                volume = check_range(config.volume, *VOLUME_RANGE, "generation_config.volume")
                options = replace(options, volume=volume)
            if config.emotion is not None:
                options = _with_emotion(config.emotion, options, "generation_config.emotion")
        return options

    def _voice(self, given: str | VoiceObject, language: str) -> str:
        """A voice in any of the three shapes (C§5.1), as a name of the catalogue."""
        if isinstance(given, VoiceObject) and given.embedding is not None and given.id is None:
            raise Violation(
                "voice_not_found", "voice embeddings are not supported", path="voice", expected="a voice id"
            )
        name, path = (given, "voice") if isinstance(given, str) else (given.id or "", "voice.id")
        if not name:
            raise Violation("wrong_shape", "the voice id is missing", path=path, expected="a voice id")
        found = name if self._voices is None else self._voices(name, language)
        if found is None:
            raise Violation(
                "voice_not_found", f"no voice has the id {name[:80]!r}", path=path, remedy="See GET /voices."
            )
        return found


def _in_language(message: Delivery, before: SpeakOptions) -> SpeakOptions:
    """With the language, locale or accent of a message; an empty one says nothing."""
    if message.language and message.locale:
        raise Violation("language_and_locale", "language and locale exclude each other", path="locale")
    options = before
    if spoken := message.locale or message.language:
        options = replace(options, language=read_language(spoken, "locale" if message.locale else "language"))
    accented = ACCENT_LOCALES.get((message.accent or "").strip().lower())
    if accented is not None and accented.startswith(f"{options.language.split('-')[0]}-"):
        options = replace(options, language=accented)
    return options


def _legacy_speed(given: str | float) -> float:
    """A word, or a number as in `generation_config`."""
    if isinstance(given, str) and given.lower() in LEGACY_SPEEDS:
        return LEGACY_SPEEDS[given.lower()]
    try:
        ratio = float(given)
    except ValueError:
        expected = f"slow, normal or fast, or {SPEED_RANGE[0]:g} to {SPEED_RANGE[1]:g}"
        raise Violation("out_of_range", "unknown speed", path="speed", expected=expected) from None
    return check_range(ratio, *SPEED_RANGE, "speed")


def _controlled(controls: VoiceControls, before: SpeakOptions) -> SpeakOptions:
    """With the controls of early versions; a number runs from the slowest at -1 to the fastest at 1. What means nothing changes nothing."""
    options, speed = before, controls.speed
    if isinstance(speed, str):
        options = replace(options, speed=LEGACY_SPEEDS.get(speed.lower(), options.speed))
    elif speed is not None:
        bent = min(max(speed, -1.0), 1.0)
        far = LEGACY_SPEEDS["fastest"] - 1 if bent > 0 else 1 - LEGACY_SPEEDS["slowest"]
        options = replace(options, speed=1 + bent * far)
    return (
        options if not controls.emotion else _with_emotion(controls.emotion, options, "voice.__experimental_controls")
    )


def _with_emotion(given: object, options: SpeakOptions, path: str) -> SpeakOptions:
    """An emotion; of a list, as older versions had it, the first without its level. One that the engine cannot hint at changes nothing."""
    first = given[0] if isinstance(given, list) and given else given
    if not isinstance(first, str):
        raise Violation("wrong_shape", "wrong type", path=path, expected="str")
    emotion = first.partition(":")[0].strip().lower()[:MAX_EMOTION_CHARACTERS]
    return replace(options, extras={**(options.extras or {}), "emotion": emotion})


def missing_member(path: str) -> Violation:
    """A member that must be given is not."""
    return Violation("wrong_shape", "a required member is missing", path=path, expected="a value")
