"""What the recogniser is told to expect."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest

from duologue.agent.settings import ThinkSettings
from duologue.audio.formats import LISTEN_RATE, AudioFormat, Encoding
from duologue.config import ProviderSection, ThinkSection
from duologue.errors import Violation
from duologue.listen.hypothesis import CaptureMode, ListenOptions
from duologue.server.expectations import MAX_KEYTERMS, UsualSpeech, expectation
from duologue.server.models import build_thinking
from duologue.server.recordings import Recording, hear_recording
from duologue.sim.clock import run
from duologue.think.completion import ModelChoice
from duologue.think.messages import Message, Speaker
from tests.server.driving import Client, application, light, told_to_recognizer
from tests.server.test_agent_endpoint import PATH as AGENT
from tests.server.test_agent_endpoint import settings
from tests.server.test_listen_endpoint import PATH as TURNS

ASKED = ListenOptions(language="en", keyterms=("duologue", *(f"term {number}" for number in range(99))))


def test_the_rules_grammar_and_terms_are_added_to_what_the_client_asked_for() -> None:
    expect = expectation(build_thinking(ThinkSection()).router, lambda: ASKED)
    options = expect((), ThinkSettings())
    assert options is not None
    assert "latte" in options.grammar
    assert options.keyterms[0] == "duologue"
    assert len(options.keyterms) == MAX_KEYTERMS


def test_the_kind_of_answer_follows_the_question() -> None:
    expect = expectation(build_thinking(ThinkSection()).router, ListenOptions)
    said = (Message(Speaker.USER, "a large latte"), Message(Speaker.ASSISTANT, "Is that right?"))
    options = expect(said, ThinkSettings())
    assert options is not None
    assert options.capture is CaptureMode.YES_NO


def test_a_grammar_of_the_clients_own_stays() -> None:
    expect = expectation(build_thinking(ThinkSection()).router, lambda: ListenOptions(grammar="#JSGF V1.0;"))
    options = expect((), ThinkSettings())
    assert options is not None
    assert options.grammar == "#JSGF V1.0;"


def test_another_model_expects_anything() -> None:
    models = build_thinking(ThinkSection(providers={"open_ai": ProviderSection(client="scripted")})).router
    expect = expectation(models, lambda: ASKED)
    assert expect((), ThinkSettings(choices=(ModelChoice("open_ai", "gpt-4o"),))) is None


SCRIPTED = {"engine": "scripted", "settings": {"script": "0.5-1.6 hello there"}}

BAR = """
title = "Bar"
describe = ["{what}"]
[slots.what]
place = "key"
ask = "What can I get you?"
values = [{ value = "beer", phrases = "[a] beer" }]
"""


def about(dialogue: str, **sections: Any) -> dict[str, Any]:
    """A server whose callers talk about one thing."""
    return light(listen={"voice_activity": SCRIPTED, "recognizer": SCRIPTED, "dialogue": dialogue}, **sections)


@pytest.mark.parametrize("path", [TURNS, "/v1/listen?encoding=linear16&sample_rate=16000", f"{TURNS}&keyterm=duologue"])
def test_every_transcription_expects_the_dialogue_of_the_server(path: str) -> None:
    async def main() -> None:
        async with application(about("coffee")) as app:
            told = told_to_recognizer(app)
            client = await Client(app, path).connect()
            client.send({"type": "close"} if path.startswith("/stt") else {"type": "CloseStream"})
            await client.closed()
            assert "latte" in told[0].grammar
            assert ("duologue" in told[0].keyterms) is ("duologue" in path)
            assert "latte" in told[0].keyterms

    run(main())


def test_so_do_transcriptions_whose_client_names_other_terms_later() -> None:
    async def main() -> None:
        async with application(about("coffee")) as app:
            told = told_to_recognizer(app)
            client = await Client(app, "/v2/listen?model=flux-general-en&encoding=linear16&sample_rate=16000").connect()
            await client.heard("Connected")
            client.send({"type": "Configure", "keyterms": ["duologue"]})
            await client.heard("ConfigureSuccess")
            await client.socket.close()
            assert all("latte" in options.grammar for options in told)
            assert [options.keyterms[0] == "duologue" for options in told] == [False, True]

    run(main())


def test_so_do_recordings() -> None:
    async def main() -> None:
        async with application(about("coffee")) as app:
            told = told_to_recognizer(app)
            silence = Recording(
                io.BytesIO(bytes(2 * LISTEN_RATE)), AudioFormat(Encoding.PCM_S16LE, LISTEN_RATE), ListenOptions()
            )
            await hear_recording(app.services, silence, app.services.ledger.open("1", "", "stt", "/x"), "/x")
            assert "latte" in told[0].grammar

    asyncio.run(main())


@pytest.mark.parametrize(("provider", "expects"), [("open_ai", "latte"), ("rules", "beer")])
def test_an_agent_expects_it_unless_its_own_rules_answer(provider: str, expects: str, tmp_path: Path) -> None:
    own = tmp_path / "bar.toml"
    own.write_text(BAR)
    think = {"rules": str(own), "providers": {"open_ai": {"client": "scripted"}}}

    async def main() -> None:
        async with application(about("coffee", think=think)) as app:
            told = told_to_recognizer(app)
            client = await Client(app, AGENT).connect()
            client.send(settings(think={"provider": {"type": provider, "model": "x"}}))
            await client.heard("SettingsApplied")
            await client.socket.close()
            assert expects in told[0].grammar
            assert ("beer" in told[0].grammar) is (expects == "beer")

    run(main())


def test_a_dialogue_that_does_not_exist_is_refused_with_the_key() -> None:
    with pytest.raises(Violation, match="there is no packaged dialogue 'cofee'") as refused:
        UsualSpeech.of("cofee")
    assert refused.value.path == "listen.dialogue"
