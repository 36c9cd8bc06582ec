"""`Settings` to `AgentSettings` (Deepgram docs: Voice Agent Settings; D§5.2 to D§5.5, D§4.7).

What cannot be honoured is either refused with the path of the member (`INVALID_SETTINGS`) or accepted with a warning; nothing is
dropped in silence that would change what a caller hears. Secrets (headers, credentials) are kept in `Hidden` mappings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from msgspec import json

from duologue.agent.named_agent import NamedAgent
from duologue.agent.notices import Warned
from duologue.agent.settings import ActionPolicy, AgentSettings, Pacing, SpeakSettings
from duologue.errors import Violation
from duologue.protocols.codec import check_range, convert
from duologue.protocols.deepgram.formats import INPUT_RATE_V1, read_input, read_output
from duologue.protocols.deepgram.listen_settings import read_language, read_listen
from duologue.protocols.deepgram.settings_messages import (
    Agent,
    AudioInput,
    AudioOutput,
    AudioSettings,
    Context,
    HistoryItem,
    PastCall,
    Settings,
    Speak,
    SpeakProvider,
    VoicePart,
)
from duologue.protocols.deepgram.think_settings import entries, read_think
from duologue.protocols.dialect import Open, VoiceLookup
from duologue.protocols.query import snake_case
from duologue.speak.speech import SpeakOptions
from duologue.think.messages import Message, Speaker, ToolCall

SPEED_RANGE = (0.5, 1.5)
"""As wide as the widest provider's (D§5.5)."""
SPEED_WORDS = {"slowest": 0.6, "slow": 0.8, "normal": 1.0, "fast": 1.2, "fastest": 1.4}
VOLUME_RANGE = (0.5, 2.0)
FOREIGN_VOICES = frozenset(("eleven_labs", "cartesia", "open_ai", "aws_polly"))
"""Providers whose models are engines: the voice is named beside them."""
_VOICE_IN_URL = re.compile(r"/text-to-speech/(?P<voice>[\w-]{1,100})")


AgentLookup: TypeAlias = Callable[[str], NamedAgent]
"""An id to an agent of the server. Raises `Violation("agent_not_found")`."""


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """What a `Settings` message asked for."""

    open: Open
    history: bool
    """`History` messages are wanted (`flags.history`)."""
    experimental: bool
    warnings: tuple[Warned, ...]
    """To be told once the settings are applied."""


@dataclass(frozen=True, slots=True)
class SettingsReader:
    """How this server reads settings: the switches that are the server's and not the client's."""

    voices: VoiceLookup | None = None
    agents: AgentLookup | None = None
    """Those a client may name by their id."""
    strict: bool = False

    def read(self, members: Mapping[str, Any], *, default_input_rate: int = INPUT_RATE_V1) -> ReadSettings:
        """Read a whole message. Raises `Violation` with the path of what is wrong.

        `default_input_rate`, in hertz, holds where `audio.input` names none; it is another in V0 (D§14).
        """
        settings = convert(unwrapped(members), Settings, strict=self.strict)
        audio = settings.audio or AudioSettings()
        given_in, given_out = audio.input or AudioInput(), audio.output or AudioOutput()
        audio_in = read_input(given_in.encoding, given_in.sample_rate, default_input_rate)
        output = read_output(given_out.encoding, given_out.sample_rate, given_out.container, given_out.bitrate)
        history_wanted = settings.flags is None or settings.flags.history is not False
        if isinstance(settings.agent, str):
            named = self._read_named(settings.agent)
            opened = Open(named, audio_in, output.audio, output.container, complete=True)
            opened = replace(opened, mp3_bit_rate=output.mp3_bit_rate)
            return ReadSettings(opened, history_wanted, bool(settings.experimental), ())
        agent = settings.agent or Agent()
        language = read_language(agent.language) or read_language(settings.language)
        listen = read_listen(agent.listen, language, model=agent.listen_model)
        think, warnings = read_think(agent.think, prompt=agent.instructions, model=agent.think_model)
        speak = self.read_speak(agent.speak, language, model=agent.speak_model)
        if agent.think_live is not None:
            warnings += (Warned("think_live_unsupported", "agent.think_live is not supported and was ignored."),)
        contexts = (agent.context, settings.context, Context(messages=agent.messages))
        context = next((given for given in contexts if given and given.messages), Context())
        history = read_history(context)
        greeting = agent.greeting or settings.greeting or ""
        if not greeting and context.replay and history and history[-1].speaker is Speaker.ASSISTANT:
            greeting, history = history[-1].text, history[:-1]  # V0: the last line is spoken again (D§4.7)
        return ReadSettings(
            open=Open(
                AgentSettings(
                    listen=listen,
                    think=think,
                    speak=speak,
                    greeting=greeting,
                    history=history,
                    speculate=listen.turns.eager_end is not None,  # D§5.9
                ),
                audio_in,
                output.audio,
                output.container,
                mp3_bit_rate=output.mp3_bit_rate,
            ),
            history=history_wanted,
            experimental=bool(settings.experimental),
            warnings=warnings,
        )

    def _read_named(self, agent_id: str) -> AgentSettings:
        """One of the server's own agents, where the vendor has stored configurations (D§5.13).

        Of what it may do itself only hanging up has a word here. Raises a fatal `Violation`.
        """
        if self.agents is None:
            raise _no_agents()
        try:
            settings = self.agents(agent_id).for_call({})
        except Violation as violation:
            violation.path = violation.path or "agent"
            raise
        return replace(
            settings,
            pacing=replace(settings.pacing, pacing=Pacing.SENTENCE),
            actions=ActionPolicy(end_call=settings.actions.end_call),
        )

    def read_speak(
        self,
        given: Speak | list[Speak] | None,
        language: str = "",
        path: str = "agent.speak",
        *,
        model: str | None = None,
    ) -> SpeakSettings:
        """`speak` as one entry or as ordered fallbacks; nothing named means the server's default voice (D§5.2)."""
        items = list(entries(given, path)) or [(path, Speak())]
        return SpeakSettings(tuple(self._read_voice(speak, language, where, model) for where, speak in items))

    def _read_voice(self, speak: Speak, language: str, path: str, model: str | None) -> SpeakOptions:
        """The voice a client means. Its provider's endpoint and credentials are not used: this server speaks itself."""
        provider = SpeakProvider(type=speak.provider) if isinstance(speak.provider, str) else speak.provider
        provider = provider or SpeakProvider()
        name = _voice_name(provider, speak, model)
        spoken = provider.language or provider.language_code or _voice_language(name) or language or "en"
        speed = _read_speed(provider.speed, f"{path}.provider.speed")
        volume = 1.0 if provider.volume is None else provider.volume
        check_range(volume, *VOLUME_RANGE, f"{path}.provider.volume")
        if name and self.voices is not None:
            found = self.voices(name, spoken)
            if found is None:
                raise Violation("voice_not_found", f"no voice is called {name[:80]!r}", path=f"{path}.provider")
            name = found
        return SpeakOptions(voice=name, language=spoken, speed=speed, volume=volume)


def _voice_name(provider: SpeakProvider, speak: Speak, model: str | None) -> str:
    """Deepgram's models are voices; other vendors' models are not, and their voices stand elsewhere, ElevenLabs' in the URL (D§5.5)."""
    voice = provider.voice.id if isinstance(provider.voice, VoicePart) else provider.voice
    named = voice or provider.voice_id or speak.voice_id or ""
    if (provider.type or "").lower() not in FOREIGN_VOICES:
        return named or provider.model or speak.model or provider.model_id or model or ""
    found = _VOICE_IN_URL.search((speak.endpoint and speak.endpoint.url) or "")
    return named or (found["voice"] if found else "")


def _read_speed(given: float | str | None, path: str) -> float:
    """A factor, or one of the words that `cartesia` voices take beside numbers (D§5.5)."""
    if given is None:
        return 1.0
    try:
        speed = SPEED_WORDS[given] if isinstance(given, str) and given in SPEED_WORDS else float(given)
    except ValueError:
        expected = f"a number or one of {', '.join(SPEED_WORDS)}"
        raise Violation("invalid_settings", "wrong speed", path=path, expected=expected) from None
    return check_range(speed, *SPEED_RANGE, path)


def unwrapped(members: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without V0's `options` wrapping and with snake-case names (JS 3.9 to 3.12, D§4.2)."""
    options = members.get("options")
    inner = {**members, **options} if isinstance(options, dict) else dict(members)
    inner.pop("options", None)
    return {snake_case(name): _snake_members(snake_case(name), value) for name, value in inner.items()}


_OPAQUE = frozenset(("parameters", "headers", "credentials", "arguments", "response", "messages"))
"""Members whose inner names are the client's own."""


def _snake_members(name: str, value: object) -> object:
    if name in _OPAQUE:
        return value
    if isinstance(value, dict):
        return {snake_case(inner): _snake_members(snake_case(inner), child) for inner, child in value.items()}
    if isinstance(value, list):
        return [_snake_members(name, child) for child in value]
    return value


def read_history(context: Context) -> tuple[Message, ...]:
    """What was said before, in any of the shapes of D§4.2 and D§5.2. Raises `Violation` for an entry that says nothing."""
    messages: list[Message] = []
    for i, item in enumerate(context.messages or []):
        path = f"agent.context.messages[{i}]"
        if isinstance(item, list):
            role, content = (item[0], item[1]) if len(item) == 2 else ("", "")
            messages.append(_line(role, content, path))
        elif item.function_calls is not None:
            messages.extend(_past_calls(item.function_calls, f"{path}.function_calls"))
        else:
            messages.append(_read_line(item, path))
    return tuple(messages)


def _read_line(item: HistoryItem, path: str) -> Message:
    return _line(item.role or item.type or "", item.content or "", path)


def _line(role: str, content: str, path: str) -> Message:
    speaker = {"user": Speaker.USER, "assistant": Speaker.ASSISTANT, "agent": Speaker.ASSISTANT}.get(role.lower())
    if speaker is None:
        raise Violation("invalid_settings", "unknown role", path=f"{path}.role", expected="user or assistant")
    return Message(speaker, content)


def _past_calls(calls: list[PastCall], path: str) -> Iterable[Message]:
    """The calls as the assistant's message and each response as a tool's."""
    made = [
        ToolCall(call.id or f"{path}[{i}]", call.name, _json_text(call.arguments) or "{}")
        for i, call in enumerate(calls)
    ]
    if made:
        yield Message(Speaker.ASSISTANT, "", calls=tuple(made))
    for call, past in zip(made, calls, strict=True):
        yield Message(Speaker.TOOL, _json_text(past.response), call_id=call.id, name=call.name)


def _json_text(value: str | dict[str, Any] | None) -> str:
    return json.encode(value).decode() if isinstance(value, dict) else value or ""


def _voice_language(name: str) -> str:
    """`aura-2-thalia-en` speaks `en` (D§B)."""
    if not name.startswith(("aura-", "flux-")):
        return ""
    language = name.rpartition("-")[2]
    return language if len(language) == 2 else ""


def _no_agents() -> Violation:
    """`agent` given as an id, and there is none (D§5.11)."""
    return Violation(
        "agent_id",
        "this server has no agents by id",
        path="agent",
        expected="an object",
        remedy="Send the settings.",
        fatal=True,
    )
