"""The catalogue of voices: our own, under stable names, and the vendors' names for them.

A vendor's name is mapped to a voice of ours of the same gender where that is known, always the same one for the same name, so that two
agents of a copied program sound like two. An unknown name gets the default voice; a strict catalogue refuses it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from duologue.errors import Violation
from duologue.speak.speech import SpeakOptions


class Gender(StrEnum):
    """Of a voice, in Cartesia's words."""

    FEMININE = "feminine"
    MASCULINE = "masculine"
    NEUTRAL = "gender_neutral"


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that can be asked for."""

    name: str
    """Stable; what the configuration and our own API use."""
    id: str
    """A UUID, for APIs that name voices so."""
    engine: str
    """The engine that speaks it."""
    variant: str
    """What the engine calls the timbre; the language is put before it."""
    gender: Gender
    locale: str = "en-US"
    """Spoken when a client names no language."""
    description: str = ""
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict, hash=False)
    """Further settings of the engine, passed as `SpeakOptions.extras`."""

    @property
    def language(self) -> str:
        """The language of `locale`, without the country."""
        return self.locale.split("-")[0]


def _voice(
    name: str, number: int, variant: str, gender: Gender, description: str, *, locale: str = "en-US", pitch: int = 50
) -> Voice:
    identifier = f"d0a10900-0000-4000-8000-{number:012d}"
    return Voice(name, identifier, "espeak", variant, gender, locale, description, {"pitch": pitch})


VOICES: tuple[Voice, ...] = (
    _voice("clara", 1, "f3", Gender.FEMININE, "Clear, even; the default"),
    _voice("nora", 2, "f2", Gender.FEMININE, "Soft, a little lower", pitch=45),
    _voice("edith", 3, "f4", Gender.FEMININE, "Calm, older", pitch=42),
    _voice("grace", 4, "f3", Gender.FEMININE, "Clear, British", locale="en-GB", pitch=48),
    _voice("henry", 5, "m3", Gender.MASCULINE, "Even, friendly", pitch=45),
    _voice("felix", 6, "m7", Gender.MASCULINE, "Young, brisk", pitch=50),
    _voice("walter", 7, "m1", Gender.MASCULINE, "Deep, slow", pitch=35),
    _voice("arthur", 8, "m3", Gender.MASCULINE, "Even, British", locale="en-GB", pitch=42),
)
"""The embedded engine's voices. Their ids never change."""

DEFAULT_VOICE = "clara"

_FEMININE_AURA = (
    "amalthea andromeda asteria athena aurora callista cora cordelia delia electra harmonia helena hera iris janus juno luna minerva "
    "ophelia pandora phoebe selene stella thalia theia vesta "
    "agathe agustina ama antonia aurelia beatrix carina celeste cinzia cornelia daphne demetra diana elara estrella gloria hestia izanami "
    "kara lara leda livia maia melia olivia rhea selena silvia uzume viktoria "
    "alexis haley heather priya renee sharon"
)
_MASCULINE_AURA = (
    "angus apollo arcas aries atlas draco helios hermes hyperion jupiter mars neptune odysseus orion orpheus perseus "
    "pluto saturn zeus "
    "alvaro aquila cesare dionisio ebisu elio fabian flavio fujin hector javier julius lars luciano nestor perseo roman sander sirio "
    "valerio bruce cole drew jack marcus rufus"
)
_FEMININE_OTHERS = "alloy nova shimmer joanna amy emma aria ayanda"
_MASCULINE_OTHERS = "echo fable onyx matthew brian arthur"
_GENDERS: dict[str, Gender] = {
    **dict.fromkeys(f"{_FEMININE_AURA} {_FEMININE_OTHERS}".split(), Gender.FEMININE),
    **dict.fromkeys(f"{_MASCULINE_AURA} {_MASCULINE_OTHERS}".split(), Gender.MASCULINE),
    # Cartesia's ids that its examples and SDKs carry.
    "6ccbfb76-1fc6-48f7-b71d-91ac6298247b": Gender.FEMININE,
    "f786b574-daa5-4673-aa0c-cbe3e8534c02": Gender.FEMININE,
    "694f9389-aac1-45b6-b726-9d9369183238": Gender.FEMININE,
    "71a7ad14-091c-4e8e-a314-022ece01c121": Gender.FEMININE,
    "79a125e8-cd45-4c13-8a67-188112f4dd22": Gender.FEMININE,
    "a0e99841-438c-4a64-b679-ae501e7d6091": Gender.MASCULINE,
    "228fca29-3a0a-435c-8728-5cb483251068": Gender.MASCULINE,
}
"""What is known of the vendors' voices: Deepgram's (Aura and Flux) by the name in the middle, Cartesia's by id, OpenAI's and Polly's, which
Deepgram's agents may name too, by their plain names.
"""

_AURA = re.compile(r"^(?:aura(?:-\d+)?|flux)-(?P<name>[a-z]+)-(?P<language>[a-z]{2})(?:-[a-z]{2})?$")


class VoiceCatalogue:
    """Finds voices by any name. `strict` refuses names that mean nothing here."""

    def __init__(
        self,
        voices: Iterable[Voice] = VOICES,
        aliases: Mapping[str, str] | None = None,
        default: str = DEFAULT_VOICE,
        *,
        strict: bool = False,
    ) -> None:
        """`aliases` maps further names to voices of the catalogue. Raises `Violation("unknown_voice")` for one that leads nowhere."""
        self._voices = {voice.name: voice for voice in voices}
        self._by_id = {voice.id: voice for voice in self._voices.values()}
        self._aliases = {name.casefold(): voice for name, voice in (aliases or {}).items()}
        self._strict = strict
        for name in (default, *self._aliases.values()):
            if name not in self._voices:
                raise Violation(
                    "unknown_voice", f"the catalogue has no voice {name!r}", expected=", ".join(self._voices)
                )
        self.default = self._voices[default]

    def __iter__(self) -> Iterator[Voice]:
        return iter(self._voices.values())

    def known(self, name: str) -> Voice | None:
        """The voice of one of our names, of an alias, or of a vendor's name that is known here; `None` for any other."""
        wanted = name.strip().casefold()
        wanted = self._aliases.get(wanted, wanted)
        found = self._voices.get(wanted) or self._by_id.get(wanted)
        if found is not None:
            return found
        aura = _AURA.match(wanted)
        gender = _GENDERS.get(aura["name"] if aura else wanted)
        return None if gender is None else self._pick(wanted, gender)

    def find(self, name: str) -> Voice:
        """The voice a client means. Raises `Violation("unknown_voice")` when strict and nothing fits."""
        found = self.known(name) if name.strip() else self.default
        if found is not None:
            return found
        if self._strict:
            raise Violation(
                "unknown_voice",
                f"there is no voice {name!r}",
                path="voice",
                expected="one of " + ", ".join(self._voices),
            )
        return self.default

    def resolve(self, options: SpeakOptions) -> tuple[Voice, SpeakOptions]:
        """The voice meant, and the options in its engine's own words. Raises `Violation("unknown_voice")` when strict."""
        voice = self.find(options.voice)
        language = ask_language(options, voice)
        return voice, replace(
            options,
            voice=f"{language}+{voice.variant}" if voice.engine == "espeak" else voice.variant,
            language=language,
            extras={**voice.settings, **(options.extras or {})},
        )

    def _pick(self, name: str, gender: Gender) -> Voice:
        """Always the same voice for a name: one of the default's language first, of the gender wanted."""
        fitting = [voice for voice in self._voices.values() if voice.gender is gender]
        near = [voice for voice in fitting if voice.locale == self.default.locale] or fitting
        return near[zlib.crc32(name.encode()) % len(near)] if near else self.default


def ask_language(options: SpeakOptions, voice: Voice) -> str:
    """The language to speak, in lower case with its country where one is known."""
    asked = options.language.strip().lower().replace("_", "-")
    aura = _AURA.match(options.voice.strip().casefold())
    if aura and asked in ("", "en"):
        asked = aura["language"]
    if asked in ("", voice.language):
        return voice.locale.lower()
    return asked
