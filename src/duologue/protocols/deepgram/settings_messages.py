"""The settings a client may send, every shape of them (Deepgram docs: Voice Agent Settings; D§4.2, D§5.2 to D§5.5).

Members of the early-access protocol (V0) stand beside those of V1, because clients mix them and the vendor's table of equivalents (D§4.7)
makes every one of them mean something. `settings_v1.py` says what.
"""

from __future__ import annotations

from typing import Any

from duologue.protocols.codec import Message


class AudioInput(Message):
    """What the client sends."""

    encoding: str | None = None
    sample_rate: int | None = None


class AudioOutput(Message):
    """What the client wants to be sent."""

    encoding: str | None = None
    sample_rate: int | None = None
    bitrate: int | None = None
    container: str | None = None


class AudioSettings(Message):
    """Both may be left out."""

    input: AudioInput | None = None
    output: AudioOutput | None = None


class ListenProvider(Message):
    """`ListenV1` and `ListenV2` in one: the model's name tells them apart, not `version` (D§5.3)."""

    type: str | None = None
    version: str | None = None
    model: str | None = None
    language: str | None = None
    keyterms: list[str] | str | None = None
    keyterm: list[str] | str | None = None
    language_hints: list[str] | str | None = None
    language_hint: list[str] | str | None = None
    smart_format: bool | None = None
    eot_threshold: float | None = None
    eager_eot_threshold: float | None = None
    eot_timeout_ms: float | None = None


class Listen(Message):
    """`agent.listen`; `model` and `keyterms` are V0."""

    provider: ListenProvider | None = None
    model: str | None = None
    keyterms: list[str] | str | None = None


class Header(Message):
    """An entry of a V0 list of headers."""

    key: str
    value: str


class EndpointPart(Message):
    """A URL with its headers, as an object or as V0's list. An empty URL counts as none (D§5.4.4)."""

    url: str | None = None
    method: str | None = None
    headers: dict[str, str | None] | list[Header] | None = None


class ThinkProvider(Message):
    """Any of the vendor's providers; `url`, `key`, `headers` are V0's `custom`."""

    type: str | None = None
    version: str | None = None
    model: str | None = None
    temperature: float | None = None
    reasoning_mode: str | None = None
    credentials: dict[str, Any] | None = None
    url: str | None = None
    key: str | None = None
    headers: dict[str, str | None] | list[Header] | None = None


class Function(EndpointPart, kw_only=True):
    """A tool. `url`, `method`, `headers` at this level are V0's; `client_side` is what the vendor refuses and we ignore."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    endpoint: EndpointPart | None = None
    defer_until_eot: bool | None = None
    client_side: bool | None = None
    initial_agent_filler: bool | None = None
    agent_filler_max_count: int | None = None
    agent_filler_interval_ms: int | None = None


class Think(Message):
    """`agent.think` or an entry of its list; `model` and `instructions` are V0."""

    provider: ThinkProvider | None = None
    endpoint: EndpointPart | None = None
    functions: list[Function] | None = None
    prompt: str | None = None
    context_length: float | str | None = None
    model: str | None = None
    instructions: str | None = None


class VoicePart(Message):
    """The voice of a `cartesia` provider."""

    id: str | None = None
    mode: str | None = None


class SpeakProvider(Message):
    """Any of the vendor's providers."""

    type: str | None = None
    version: str | None = None
    model: str | None = None
    model_id: str | None = None
    voice: str | VoicePart | None = None
    voice_id: str | None = None
    language: str | None = None
    language_code: str | None = None
    speed: float | str | None = None
    volume: float | None = None
    expressivity: float | None = None
    engine: str | None = None
    credentials: dict[str, Any] | None = None


class Speak(Message):
    """`agent.speak` or an entry of its list; `provider` as text, `model`, `voice_id` are V0."""

    provider: SpeakProvider | str | None = None
    endpoint: EndpointPart | None = None
    model: str | None = None
    voice_id: str | None = None


class PastCall(Message, kw_only=True):
    """A function call of the past."""

    id: str | None = None
    name: str
    client_side: bool | None = None
    arguments: str | dict[str, Any] | None = None
    response: str | dict[str, Any] | None = None
    thought_signature: str | None = None


class HistoryItem(Message):
    """Something said before: `role` and `content`, or function calls. JS 3.10 to 3.12 writes the role as `type` (D§4.2)."""

    type: str | None = None
    role: str | None = None
    content: str | None = None
    function_calls: list[PastCall] | None = None


class Context(Message):
    """What was said before; `replay` is V0's greeting. Entries may be `["user", "Hi"]`."""

    messages: list[HistoryItem | list[str]] | None = None
    replay: bool | None = None


class LanguageObject(Message):
    """`language` as early typings wrote it."""

    type: str | None = None


class Agent(Message):
    """The agent; the last four members are the vendor's migration guide's (D§4.7). `messages` stands here where a client's context was
    taken for the agent, as types of one name in two releases of its SDK let it be.
    """

    language: str | LanguageObject | None = None
    context: Context | None = None
    listen: Listen | None = None
    think: Think | list[Think] | None = None
    think_live: Any = None
    speak: Speak | list[Speak] | None = None
    greeting: str | None = None
    messages: list[HistoryItem | list[str]] | None = None
    instructions: str | None = None
    listen_model: str | None = None
    think_model: str | None = None
    speak_model: str | None = None


class Flags(Message):
    """Switches."""

    history: bool | None = None


class Settings(Message):
    """`Settings`, and V0's `SettingsConfiguration` once it is unwrapped."""

    tags: list[str] | None = None
    experimental: bool | None = None
    flags: Flags | None = None
    mip_opt_out: bool | None = None
    mips_opt_out: bool | None = None
    audio: AudioSettings | None = None
    agent: Agent | str | None = None
    context: Context | None = None
    greeting: str | None = None
    language: str | LanguageObject | None = None


class UpdatePrompt(Message):
    """Replaces the prompt."""

    prompt: str


class UpdateInstructions(Message):
    """V0: adds to the prompt."""

    instructions: str


class UpdateSpeak(Message):
    """Replaces the voice; `model` is V0's form."""

    speak: Speak | list[Speak] | None = None
    model: str | None = None


class UpdateThink(Message):
    """Replaces model, prompt and functions."""

    think: Think | list[Think]


class UpdateListen(Message):
    """Adjusts the listener."""

    listen: Listen


class InjectUserMessage(Message):
    """Text in place of speech."""

    content: str


class InjectAgentMessage(Message):
    """A line for the agent to say: `message`, or `content` from JS 3.13 to 4.11 (D§5.6)."""

    message: str | None = None
    content: str | None = None
    behavior: str | None = None
    is_dynamic: bool | None = None


class FunctionCallResponse(Message):
    """The result of a client-side call: `id` and `content`, or V0's `function_call_id` and `output`.

    The result is documented as text; JSON of any other kind is taken as its text.
    """

    id: str | None = None
    name: str | None = None
    content: Any = None
    function_call_id: str | None = None
    output: Any = None
    thought_signature: str | None = None
