"""Who can speak a text: the voices a client wants, then whoever else is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from duologue.runtime.engines import EngineHost
from duologue.speak.mapped_text import MappedText
from duologue.speak.pronunciation import Lexicon
from duologue.speak.speech import SpeakOptions, SpeechChunk
from duologue.speak.spoken_text import say_aloud
from duologue.speak.voices import VoiceCatalogue


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    """An engine, and the options in its own words."""

    engine: str
    host: EngineHost[SpeakOptions, str, SpeechChunk]
    options: SpeakOptions

    def write_out(self, text: MappedText) -> MappedText:
        """The text as the engine is given it."""
        options = self.options
        if options.normalization == "off":
            return text
        return say_aloud(text, options.language if options.normalization == "auto" else options.normalization)


@dataclass(frozen=True, slots=True)
class SpeakEngines:
    """Everything a server has to speak with."""

    hosts: Mapping[str, EngineHost[SpeakOptions, str, SpeechChunk]]
    """By name; the first is the default and the first to fall back to. Never empty."""
    voices: VoiceCatalogue = field(default_factory=VoiceCatalogue)
    lexicon: Lexicon = field(default_factory=Lexicon)

    @property
    def rate(self) -> int:
        """Of all audio that channels give, in hertz: the default engine's; others are resampled to it."""
        return next(iter(self.hosts.values())).info.sample_rate

    def choose(self, wanted: Sequence[SpeakOptions]) -> list[VoiceChoice]:
        """The voices to try, in order: those wanted, then every other engine's. Raises `Violation("unknown_voice")` when strict."""
        choices = []
        for options in wanted:
            voice, resolved = self.voices.resolve(options)
            name = voice.engine if voice.engine in self.hosts else next(iter(self.hosts))
            spoken = resolved if name == voice.engine else replace(options, voice="")
            choices.append(VoiceChoice(name, self.hosts[name], spoken))
        tried = {choice.engine for choice in choices}
        spare = replace(wanted[0], voice="", extras=None)
        return choices + [VoiceChoice(name, host, spare) for name, host in self.hosts.items() if name not in tried]
