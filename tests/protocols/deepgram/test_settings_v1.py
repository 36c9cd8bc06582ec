"""`Settings`: every documented shape, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from duologue.agent.catalog import AgentCatalogue
from duologue.agent.named_agent import MetadataPolicy, NamedAgent
from duologue.agent.settings import ActionPolicy, AgentSettings, Pacing, PacingPolicy, ThinkSettings
from duologue.audio.formats import AudioFormat, Encoding
from duologue.errors import Violation
from duologue.protocols.deepgram.settings_v1 import ReadSettings, SettingsReader
from duologue.server.speak_endpoint import voice_lookup
from duologue.speak.speech import SpeakOptions
from duologue.speak.voices import VoiceCatalogue
from duologue.think.messages import Message, Speaker, ToolCall

UUID = "0d6f2c9a-7b0e-4c57-9f3a-5b7d2c1e8a44"


def read(**members: Any) -> ReadSettings:
    return SettingsReader().read(members)


def agent(**members: Any) -> ReadSettings:
    return read(agent=members)


def wrong(**members: Any) -> Violation:
    with pytest.raises(Violation) as caught:
        read(**members)
    return caught.value


def voice(speak: Any) -> SpeakOptions:
    return agent(speak=speak).open.settings.speak.choices[0]


def test_empty_settings_are_the_servers_own_agent() -> None:
    for settings in (
        read(),
        read(audio={}, agent={}),
        read(audio=None, agent=None, tags=None),
        agent(greeting=None, speak={}),
    ):
        assert settings.open.audio_in == AudioFormat(Encoding.PCM_S16LE, 24000)
        assert settings.open.audio_out == AudioFormat(Encoding.PCM_S16LE, 24000)
        assert settings.open.container == "none"
        assert settings.open.settings.speak.choices == (SpeakOptions(),)
        assert (settings.history, settings.experimental, settings.warnings) == (True, False, ())
        assert settings.open.settings.speculate is False


def test_flags_and_switches() -> None:
    settings = read(flags={"history": False}, experimental=True, mips_opt_out=True, mip_opt_out=False, tags=["a"])
    assert (settings.history, settings.experimental) == (False, True)


def test_audio_in_both_directions() -> None:
    opened = read(
        audio={
            "input": {"encoding": "mulaw", "sample_rate": "8000"},
            "output": {"encoding": "linear16", "sample_rate": 16000.0, "container": "wav", "bitrate": 48000},
        }
    ).open
    assert opened.audio_in == AudioFormat(Encoding.MULAW, 8000)
    assert (opened.audio_out, opened.container) == (AudioFormat(Encoding.PCM_S16LE, 16000), "wav")


def test_an_eager_threshold_switches_speculation_on() -> None:
    assert agent(listen={"provider": {"model": "flux-general-en", "eager_eot_threshold": 0.5}}).open.settings.speculate


@pytest.mark.parametrize(
    ("speak", "expected"),
    [
        ({"provider": {"type": "deepgram", "model": "aura-2-celeste-es"}}, SpeakOptions("aura-2-celeste-es", "es")),
        (
            {"provider": {"type": "deepgram", "model": "aura-asteria-en", "speed": 0.7}},
            SpeakOptions("aura-asteria-en", "en", 0.7),
        ),
        (
            {"provider": {"type": "eleven_labs", "model_id": "eleven_turbo_v2_5", "language": "fr"}},
            SpeakOptions("", "fr"),  # the model is no voice
        ),
        (
            {
                "provider": {"type": "eleven_labs", "model_id": "eleven_turbo_v2_5"},
                "endpoint": {
                    "url": "wss://host/v1/text-to-speech/cgSgspJ2/multi-stream-input?x=1",
                    "headers": {"a": "b"},
                },
            },
            SpeakOptions("cgSgspJ2"),
        ),
        ({"provider": {"type": "cartesia", "model_id": "sonic-2"}}, SpeakOptions("")),
        ({"provider": {"type": "open_ai", "model": "tts-1"}}, SpeakOptions("")),
        (
            {"provider": {"type": "cartesia", "model_id": "sonic-2", "voice": {"mode": "id", "id": "v1"}, "volume": 2}},
            SpeakOptions("v1", "en", 1.0, 2.0),
        ),
        (
            {"provider": {"type": "cartesia", "model_id": "sonic-2", "voice": {"id": "v1"}, "speed": "fast"}},
            SpeakOptions("v1", "en", 1.2),
        ),
        ({"model": "m", "provider": {"speed": "0.9"}}, SpeakOptions("m", "en", 0.9)),
        ({"provider": {"type": "open_ai", "model": "tts-1", "voice": "alloy"}}, SpeakOptions("alloy")),
        ({"provider": {"type": "aws_polly", "voice": "Amy", "language_code": "en-GB"}}, SpeakOptions("Amy", "en-GB")),
        ({"model": "aura-asteria-en"}, SpeakOptions("aura-asteria-en")),
        ({"provider": "eleven_labs", "voice_id": "v2"}, SpeakOptions("v2")),
    ],
)
def test_voices_of_every_provider(speak: dict[str, Any], expected: SpeakOptions) -> None:
    assert voice(speak) == expected


def test_a_strict_catalogue_takes_the_settings_of_other_vendors() -> None:
    reader = SettingsReader(voices=voice_lookup(VoiceCatalogue(strict=True)))
    elevenlabs = {"type": "eleven_labs", "model_id": "eleven_turbo_v2_5"}
    assert reader.read({"agent": {"speak": {"provider": elevenlabs}}}).open.settings.speak.choices[0].voice == ""


def test_voices_are_looked_up_where_a_catalogue_is_given() -> None:
    reader = SettingsReader(voices=lambda name, language: None if name == "nobody" else f"{language}:{name}")
    settings = reader.read(
        {"agent": {"speak": [{"model": "aura-asteria-en"}, {"provider": {"voice": "b", "language": "de"}}]}}
    )
    assert [each.voice for each in settings.open.settings.speak.choices] == ["en:aura-asteria-en", "de:b"]
    with pytest.raises(Violation, match="no voice is called 'nobody'"):
        reader.read({"agent": {"speak": {"model": "nobody"}}})


def test_history_in_every_shape() -> None:
    messages = [
        {"type": "History", "role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello!"},
        {"type": "user", "content": "Two"},
        ["assistant", "Sure."],
        {
            "type": "History",
            "function_calls": [
                {"id": "c1", "name": "f", "client_side": True, "arguments": "{}", "response": {"ok": 1}}
            ],
        },
    ]
    assert agent(context={"messages": messages}).open.settings.history == (
        Message(Speaker.USER, "Hi"),
        Message(Speaker.ASSISTANT, "Hello!"),
        Message(Speaker.USER, "Two"),
        Message(Speaker.ASSISTANT, "Sure."),
        Message(Speaker.ASSISTANT, "", calls=(ToolCall("c1", "f", "{}"),)),
        Message(Speaker.TOOL, '{"ok":1}', call_id="c1", name="f"),
    )


def test_history_may_stand_at_the_top_and_be_replayed() -> None:
    context = {
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}],
        "replay": True,
    }
    settings = read(context=context).open.settings
    assert (settings.greeting, settings.history) == ("Hello!", (Message(Speaker.USER, "Hi"),))
    assert read(context={**context, "replay": False}).open.settings.greeting == ""


def test_greetings_and_languages_at_either_level() -> None:
    assert agent(greeting="Hi").open.settings.greeting == "Hi"
    assert read(greeting="Hi").open.settings.greeting == "Hi"
    assert agent(language={"type": "fr"}).open.settings.listen.options.language == "fr"
    assert read(language="de").open.settings.listen.options.language == "de"
    assert agent(language="fr", speak={"provider": {"voice": "x"}}).open.settings.speak.choices[0].language == "fr"


def test_early_access_settings_are_understood() -> None:
    settings = read(
        audio={"input": {"sampleRate": 44100}},
        agent={
            "listen": {"model": "nova-2"},
            "think": {"provider": {"type": "open_ai"}, "model": "gpt-4o-mini", "instructions": "Be brief."},
            "speak": {"model": "aura-asteria-en"},
        },
    ).open
    assert settings.audio_in.sample_rate == 44100
    assert settings.settings.listen.model == "nova-2"
    assert settings.settings.think.choices[0].model == "gpt-4o-mini"
    assert settings.settings.think.prompt == "Be brief."


def test_settings_nested_under_options_in_camel_case() -> None:
    settings = read(options={"audio": {"input": {"encoding": "linear16", "sampleRate": 44100}}})
    assert settings.open.audio_in.sample_rate == 44100


def test_the_clients_own_names_are_not_touched() -> None:
    schema = {"type": "object", "properties": {"cityName": {"type": "string"}}}
    settings = agent(think={"functions": [{"name": "f", "parameters": schema}]}).open.settings
    assert settings.think.tools[0].parameters == schema


def test_the_migration_guides_flat_agent() -> None:
    settings = agent(instructions="i", listen_model="l", think_model="t", speak_model="s").open.settings
    assert (settings.think.prompt, settings.listen.model) == ("i", "l")
    assert (settings.think.choices[0].model, settings.speak.choices[0].voice) == ("t", "s")


def test_think_live_is_accepted_with_a_warning() -> None:
    assert [warning.code for warning in agent(think_live={"provider": {}}).warnings] == ["think_live_unsupported"]


SHOP = NamedAgent(
    "shop",
    AgentSettings(
        greeting="Hello, {{name}}.",
        think=ThinkSettings(prompt="Be kind to {{name}}."),
        actions=ActionPolicy(end_call=True, send_dtmf=True),
        pacing=PacingPolicy(pacing=Pacing.SPEAKING_PACE, ahead=2.0),
    ),
    metadata=MetadataPolicy(defaults={"name": "you"}),
)


def test_an_agent_of_the_server_is_named_by_its_id() -> None:
    reader = SettingsReader(agents=AgentCatalogue([SHOP]).find)
    read = reader.read({"agent": "shop", "audio": {"input": {"sample_rate": 8000}}, "flags": {"history": False}})
    assert (read.open.audio_in.sample_rate, read.open.complete, read.history) == (8000, True, False)
    settings = read.open.settings
    assert (settings.greeting, settings.think.prompt) == ("Hello, you.", "Be kind to you.")
    assert settings.actions == ActionPolicy(end_call=True)
    assert settings.pacing == PacingPolicy(pacing=Pacing.SENTENCE, ahead=2.0)


def test_an_agent_that_cannot_be_had_is_refused_with_the_reason() -> None:
    assert wrong(agent="shop").code == "agent_id"
    picky = NamedAgent("picky", AgentSettings(), metadata=MetadataPolicy(required=("order",)))
    reader = SettingsReader(agents=AgentCatalogue([SHOP, picky]).find)
    for name, code, path in (
        ("shopp", "agent_not_found", "agent"),
        ("picky", "metadata_missing", "metadata.order"),
    ):
        with pytest.raises(Violation) as refused:
            reader.read({"agent": name})
        assert (refused.value.code, refused.value.path) == (code, path)


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"tags": "a"}, "tags"),
        ({"audio": {"input": {"sample_rate": "fast"}}}, "audio.input.sample_rate"),
        ({"audio": {"input": {"encoding": "flac"}}}, "audio.input.encoding"),
        ({"agent": {"speak": {"provider": {"speed": 3}}}}, "agent.speak.provider.speed"),
        ({"agent": {"speak": {"provider": {"speed": "brisk"}}}}, "agent.speak.provider.speed"),
        ({"agent": {"speak": [{}, {"provider": {"volume": 0}}]}}, "agent.speak[1].provider.volume"),
        ({"agent": {"think": {"functions": [{}]}}}, "agent.think.functions[0].name"),
        ({"agent": {"context": {"messages": [{"role": "bot", "content": ""}]}}}, "agent.context.messages[0].role"),
        ({"agent": {"context": {"messages": [["user"]]}}}, "agent.context.messages[0].role"),
    ],
)
def test_wrong_members_are_named(members: dict[str, Any], path: str) -> None:
    assert wrong(**members).path == path


def test_strict_refuses_unknown_members_and_nothing_else() -> None:
    strict = SettingsReader(strict=True)
    assert strict.read({"agent": {"greeting": None, "speak": {}}, "tags": None})
    with pytest.raises(Violation) as caught:
        strict.read({"agent": {"think": [{"provider": {"type": "x", "colour": "red"}}]}})
    assert caught.value.path == "agent.think[0].provider.colour"


def test_a_context_taken_for_the_agent_is_still_a_context() -> None:
    said = [{"type": "History", "role": "user", "content": "Hi"}]
    assert agent(messages=said).open.settings.history == (Message(Speaker.USER, "Hi"),)
    both = agent(messages=said, context={"messages": [{"role": "user", "content": "Hello"}]})
    assert both.open.settings.history == (Message(Speaker.USER, "Hello"),)
