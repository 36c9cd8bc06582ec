"""What every client of Deepgram's Voice Agent may rely on, item by item, against the whole server in virtual time (D§5, D§4)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from duologue.audio.containers import read_audio
from duologue.sim.clock import run
from tests.server.driving import Client, application, light
from tests.server.test_agent_endpoint import STEP, scripted, settings, talk

V1, V0 = "/v1/agent/converse", "/agent"
ONE = {"text": "One two three four five. Six seven eight nine ten. Eleven twelve thirteen.", "turn": 1}
ANSWERS: list[dict[str, Any]] = [ONE, {"text": "All right."}]
LONG = "This is a long greeting, which goes on and on, and then on. " * 8


def played(
    script: Callable[[Client], Awaitable[None]],
    path: str = V1,
    said: str = "900.0-901.0 nothing",
    answers: list[dict[str, Any]] | None = None,
    first: dict[str, Any] | None = None,
) -> Client:
    """A client does as the script says, once its settings are applied, then hangs up."""

    async def main() -> Client:
        provider = {"client": "scripted", "answers": answers or ANSWERS}
        async with application(scripted(said, think={"providers": {"open_ai": provider}})) as app:
            client = await Client(app, path).connect()
            client.send(first or settings())
            await client.heard("SettingsApplied")
            await script(client)
            await client.socket.close()
            return client

    return run(main())


def typed(text: str) -> dict[str, Any]:
    return {"type": "InjectUserMessage", "content": text}


def line(**members: str) -> dict[str, Any]:
    return {"type": "InjectAgentMessage", **members}


def order(client: Client, start: int = 0) -> list[str]:
    """Types in order with the role, runs of audio as one."""
    names: list[str] = []
    frames = iter(client.messages)
    for frame in client.frames:
        if isinstance(frame, bytes):
            name = "audio"
        else:
            message = next(frames)
            name = " ".join(filter(None, (message["type"], message.get("role", ""))))
        if name != "audio" or not names or names[-1] != "audio":
            names.append(name)
    return names[start:]


async def idle(seconds: float) -> None:
    await asyncio.sleep(seconds)


def test_7_a_silent_client_is_welcomed_within_a_second() -> None:
    async def main() -> None:
        async with application(scripted()) as app:
            client = await Client(app, V1).connect()
            welcome = await client.heard("Welcome")
            assert asyncio.get_running_loop().time() < 1.0
            assert welcome["request_id"] == welcome["session_id"]
            await client.socket.close()

    run(main())


def test_8_a_greeting_is_text_history_audio_and_its_end() -> None:
    async def script(client: Client) -> None:
        await client.heard("AgentAudioDone")

    client = played(script, first=settings(greeting="Hello!"))
    assert order(client)[:6] == [
        "Welcome",
        "SettingsApplied",
        "ConversationText assistant",
        "History assistant",
        "audio",
        "AgentAudioDone",
    ]


def test_10_nulls_and_empty_objects_are_settings() -> None:
    async def script(client: Client) -> None:
        await idle(0.1)

    first = {"type": "Settings", "tags": None, "audio": {}, "agent": {"greeting": None, "speak": {}}}
    assert order(played(script, first=first)) == ["Welcome", "SettingsApplied"]


def test_12_a_typed_line_is_answered_in_the_documented_order() -> None:
    async def script(client: Client) -> None:
        client.send(typed("hello"))
        await client.heard("LatencyReport")

    assert order(played(script), 2) == [
        "ConversationText user",
        "History user",
        "AgentThinking",
        "ConversationText assistant",
        "History assistant",
        "AgentStartedSpeaking",
        "audio",
        "ConversationText assistant",
        "History assistant",
        "audio",
        "ConversationText assistant",
        "History assistant",
        "audio",
        "AgentAudioDone",
        "LatencyReport",
    ]


def test_13_a_typed_line_over_audio_ends_the_old_reply_before_the_new_one_begins() -> None:
    async def script(client: Client) -> None:
        client.send(typed("hello"))
        await client.heard("AgentStartedSpeaking")
        await idle(0.3)
        client.send(typed("stop"))
        await client.heard("AgentAudioDone", 2)

    names = order(played(script))
    stopped = names.index("ConversationText user", names.index("audio"))
    done = names.index("AgentAudioDone")
    assert "audio" not in names[stopped : names.index("AgentStartedSpeaking", stopped)]
    assert done < names.index("ConversationText assistant", stopped)
    assert names.count("AgentAudioDone") == 2


def test_14_a_voice_over_audio_is_told_at_once_and_nothing_of_the_reply_follows() -> None:
    async def script(client: Client) -> None:
        await talk(client, 12.0)

    client = played(script, said="1.0-2.0 hello; 4.0-5.5 stop it")
    names = order(client)
    told = names.index("UserStartedSpeaking", names.index("audio"))
    done = names.index("AgentAudioDone", told)
    assert "audio" not in names[told:done]
    said = [message["content"] for message in client.messages if message["type"] == "ConversationText"]
    assert "Eleven twelve thirteen." not in said
    assert said[-1] == "All right."


@pytest.mark.parametrize("member", ["message", "content"])
def test_15_a_line_of_the_application_is_spoken_when_nobody_speaks_and_else_refused(member: str) -> None:
    async def script(client: Client) -> None:
        client.send(line(**{member: "One moment."}))
        await client.heard("AgentAudioDone")
        client.send(typed("hello"))
        await client.heard("AgentStartedSpeaking")
        client.send(line(**{member: "Not now."}))
        refusal = await client.heard("InjectionRefused")
        assert "currently speaking" in refusal["message"]
        client.send(line(**{member: "Now!"}, behavior="interrupt"))
        await client.heard("AgentAudioDone", 3)
        client.send(line(**{member: "And then."}, behavior="queue"))
        await client.heard("AgentAudioDone", 4)

    client = played(script)
    said = [
        message["content"] for message in client.messages if message.get("role") == "assistant" and "type" in message
    ]
    assert said[0] == "One moment."
    assert "Not now." not in said
    assert said[-1] == "And then."
    assert client.kinds().count("AgentStartedSpeaking") == 1, "not for injected lines"


CALLS = [
    {"when": "order", "after_tool": False, "calls": [{"id": "c1", "name": "order", "arguments": "{}"}]},
    {"after_tool": True, "text": "Ordered: {said}."},
]
EMPTY_URL = {"name": "order", "url": "", "method": "POST", "endpoint": {"method": "POST", "url": ""}, "parameters": {}}


@pytest.mark.parametrize(
    "result",
    [
        {"id": "c1", "name": "order", "content": "tea"},
        {"function_call_id": "c1", "output": "tea"},
    ],
)
def test_11_and_16_a_function_without_a_real_url_is_the_clients_and_answered_in_both_spellings(
    result: dict[str, str],
) -> None:
    async def script(client: Client) -> None:
        client.send(typed("order tea"))
        asked = await client.heard("FunctionCallRequest")
        assert asked["functions"] == [{"id": "c1", "name": "order", "arguments": "{}", "client_side": True}]
        client.send({"type": "FunctionCallResponse", **result})
        await client.heard("AgentAudioDone")

    think = {"provider": {"type": "open_ai", "model": "m"}, "functions": [EMPTY_URL]}
    client = played(script, answers=CALLS, first=settings(think=think))
    names = order(client, 2)
    assert names[3:5] == ["FunctionCallRequest", "History"]
    assert [m["content"] for m in client.messages if m.get("role") == "assistant"][-1] == "Ordered: tea."


def test_17_history_can_be_switched_off() -> None:
    async def script(client: Client) -> None:
        client.send(typed("hello"))
        await client.heard("AgentAudioDone")

    assert "History" not in played(script, first={**settings(), "flags": {"history": False}}).kinds()


def test_18_a_client_that_listens_to_the_agent_is_not_timed_out() -> None:
    async def script(client: Client) -> None:
        await client.heard("AgentAudioDone")
        assert asyncio.get_running_loop().time() > 12.0

    client = played(script, first=settings(greeting=LONG))
    assert "Error" not in client.kinds()


def test_updates_are_acknowledged_once_each_and_change_what_follows() -> None:
    async def script(client: Client) -> None:
        client.send({"type": "UpdatePrompt", "prompt": "Be brief."})
        client.send({"type": "UpdateSpeak", "speak": {"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}}})
        client.send({"type": "UpdateSpeak", "speak": [{"provider": {"type": "open_ai", "voice": "alloy"}}, {}]})
        client.send(
            {"type": "UpdateThink", "think": [{"provider": {"type": "open_ai", "model": "m"}}, {"prompt": "x"}]}
        )
        client.send({"type": "UpdateListen", "listen": {"provider": {"type": "deepgram", "eot_threshold": 0.8}}})
        client.send({"type": "UpdateListen", "listen": {"provider": {"model": "flux-general-en"}}})
        client.send({"type": "UpdateThink_Live", "think_live": {}})
        client.send({"type": "ForceEndTurn"})
        client.send({"type": "__customToThinkProvider", "content": {"any": 1}})
        client.send(typed("hello"))
        await client.heard("AgentAudioDone")

    client = played(script)
    kinds = client.kinds()
    assert [kinds.count(f"{name}Updated") for name in ("Prompt", "Speak", "Think", "Listen")] == [1, 2, 1, 1]
    codes = [message["code"] for message in client.messages if message["type"] == "Warning"]
    assert codes == ["LISTEN_FAMILY", "THINK_LIVE_UNSUPPORTED", "FORCE_END_TURN_UNSUPPORTED"]
    assert "Error" not in kinds


def test_21_early_settings_of_the_javascript_beta() -> None:
    async def script(client: Client) -> None:
        await talk(client, 6.0)

    options = {
        "audio": {"input": {"encoding": "linear16", "sampleRate": 16000}},
        "agent": {"think": {"provider": {"type": "open_ai"}}},
    }
    client = played(script, V0, "1.0-2.0 hello", first={"type": "SettingsConfiguration", "options": options})
    said = [(m["role"], m["content"]) for m in client.messages if m["type"] == "ConversationText"]
    assert said[0] == ("user", "hello")
    assert {"EndOfThought", "AgentStartedSpeaking", "AgentAudioDone"} <= set(client.kinds())
    assert not {"History", "LatencyReport", "Warning"} & set(client.kinds())


def test_23_and_24_the_last_line_is_replayed_as_a_wav_file() -> None:
    async def script(client: Client) -> None:
        await client.heard("AgentAudioDone")

    first = {
        "type": "SettingsConfiguration",
        "audio": {"output": {"encoding": "linear16", "sample_rate": 16000, "container": "wav"}},
        "agent": {},
        "context": {"messages": [["user", "Hi"], {"role": "assistant", "content": "Hello again!"}], "replay": True},
    }
    client = played(script, V0, first=first)
    assert [m["content"] for m in client.messages if m["type"] == "ConversationText"] == ["Hello again!"]
    audio = [frame for frame in client.frames if isinstance(frame, bytes)]
    assert audio[0][:4] == b"RIFF"
    assert not any(frame[:4] == b"RIFF" for frame in audio[1:])


def test_20_audio_before_the_settings_is_heard() -> None:
    async def main() -> None:
        async with application(light(listen=scripted("0.2-1.0 hello")["listen"])) as app:
            client = await Client(app, V0).connect()
            for _ in range(3):
                client.send(bytes(16_388))
            client.send({"type": "SettingsConfiguration", "audio": {}, "agent": {}})
            for _ in range(30):
                client.send(STEP)
                await asyncio.sleep(0.1)
            await client.until(lambda c: any(m.get("role") == "user" for m in c.messages))
            await client.socket.close()

    run(main())


def test_an_agent_of_the_server_is_called_by_its_id() -> None:
    async def main() -> None:
        agents = {"shop": {"introduction": "Welcome to the shop.", "models": [{"provider": "open_ai", "model": "m"}]}}
        provider = {"client": "scripted", "answers": ANSWERS}
        async with application(light(agents=agents, think={"providers": {"open_ai": provider}})) as app:
            client = await Client(app, V1).connect()
            client.send({"type": "Settings", "audio": {}, "agent": "shop"})
            await client.heard("AgentAudioDone")
            client.send(typed("hello"))
            await client.heard("AgentAudioDone", 2)
            await client.socket.close()
            said = [m["content"] for m in client.messages if m["type"] == "ConversationText"]
            assert said[:2] == ["Welcome to the shop.", "hello"]
            lost = await Client(app, V1).connect()
            lost.send({"type": "Settings", "audio": {}, "agent": "0d6f2c9a-7b0e-4c57-9f3a-5b7d2c1e8a44"})
            assert (await lost.closed())[0] == 1008
            assert lost.messages[-1]["code"] == "INVALID_AGENT_ID"

    run(main())


EAGER = {
    "listen": {
        "provider": {"type": "deepgram", "version": "v2", "model": "flux-general-en", "eager_eot_threshold": 0.5}
    },
    "think": {
        "provider": {"type": "open_ai", "model": "m"},
        "functions": [{"name": "look", "parameters": {}}, {"name": "book", "parameters": {}, "defer_until_eot": True}],
    },
}


def test_a_draft_looks_things_up_but_does_not_book_them() -> None:
    """Speculative replies (D§5.9): calls of a draft are made at once, unless they say so, and withdrawn when the caller goes on."""
    calls = [{"id": name, "name": name, "arguments": "{}"} for name in ("look", "book")]
    answers = [
        {"when": "monday", "after_tool": False, "calls": calls},
        {"after_tool": True, "text": "It is done."},
    ]

    async def script(client: Client) -> None:
        answered: set[str] = set()
        for _ in range(120):
            client.send(STEP)
            await asyncio.sleep(0.1)
            for message in client.messages:
                for function in message.get("functions", ()) if message["type"] == "FunctionCallRequest" else ():
                    given = {"type": "FunctionCallResponse", "id": function["id"], "name": function["name"]}
                    # The caller had gone on before the first look-up could be answered.
                    if client.kinds().count("FunctionCallCancelled") and function["id"] not in answered | {"look"}:
                        answered.add(function["id"])
                        client.send({**given, "content": "yes"})

    client = played(script, V1, "1.0-2.0 on monday; 2.75-4.0 at noon", answers, settings(**EAGER))
    kinds = client.kinds()
    asked = [message for message in client.messages if message["type"] == "FunctionCallRequest"]
    names = [[function["name"] for function in message["functions"]] for message in asked]
    assert names[0] == ["look"], "a draft books nothing"
    assert names[-1] == ["book"]
    assert [name for each in names for name in each].count("book") == 1
    (cancelled,) = [message for message in client.messages if message["type"] == "FunctionCallCancelled"]
    assert cancelled["functions"] == [{"id": "look", "name": "look"}]
    assert kinds.index("FunctionCallRequest") < kinds.index("FunctionCallCancelled")
    confirmed = kinds.index("ConversationText")
    assert kinds.index("FunctionCallCancelled") < confirmed
    assert [m["content"] for m in client.messages if m["type"] == "ConversationText"] == [
        "on monday at noon",
        "It is done.",
    ]
    calls_kept = [call["name"] for m in client.messages for call in m.get("function_calls", ())]
    assert sorted(calls_kept) == ["book", "look"], "each has one result"


def test_speech_can_be_had_as_mp3_a_stream_for_each_reply() -> None:
    async def script(client: Client) -> None:
        await client.heard("AgentAudioDone")
        client.send(typed("hello"))
        await client.heard("AgentAudioDone", 2)

    audio = {"output": {"encoding": "mp3", "bitrate": 32000}}
    client = played(script, first={**settings(greeting="One two three four five."), "audio": audio})
    replies: list[bytes] = [b""]
    frames = iter(client.messages)
    for frame in client.frames:
        if isinstance(frame, bytes):
            replies[-1] += frame
        elif next(frames)["type"] == "AgentAudioDone":
            replies.append(b"")
    lengths = [len(read_audio(reply, 16_000)) / 16_000 for reply in replies if reply]
    assert len(lengths) == 2
    assert all(length > 1.0 for length in lengths)
    assert [len(reply) / 4_000 for reply in replies if reply] == pytest.approx(lengths, abs=0.3), "32,000 bits a second"
