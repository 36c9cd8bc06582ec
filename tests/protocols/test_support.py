"""The support matrices: made from the tables, current, and true of the code."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from duologue.protocols.cartesia import stt_messages, tts_messages
from duologue.protocols.cartesia import support as cartesia
from duologue.protocols.deepgram import (
    agent_messages,
    flux_messages,
    listen_messages,
    speak_flux_messages,
    speak_messages,
)
from duologue.protocols.deepgram import streams_support as streams
from duologue.protocols.deepgram import support as deepgram
from duologue.protocols.deepgram.agent_v1 import HANDLED
from duologue.protocols.deepgram.flux import FluxDialect
from duologue.protocols.deepgram.listen import ListenV1Dialect
from duologue.protocols.deepgram.speak import SpeakV1Dialect
from duologue.protocols.deepgram.speak_flux import SpeakV2Dialect
from duologue.protocols.support import Row, Support, Surface, render_page

PAGES = Path(__file__).parents[2] / "docs" / "protocols"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", PAGES / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cartesia.md", "deepgram.md"])
def test_the_pages_are_current(name: str) -> None:
    assert (PAGES / name).read_text(encoding="utf-8") == generator().PAGES[name], (
        "run: python docs/protocols/generate.py"
    )


def test_a_page_is_a_table_per_direction() -> None:
    surface = Surface(
        "Here: `/x`", "Docs", (Row("a", Support.YES),), (Row("b", Support.PARTLY, "half"),), (Row("c", Support.NO),)
    )
    page = render_page("Title", "Introduction.", [surface])
    assert "| `a` | yes |  |" in page
    assert page.index("| `b` | partly | half |") < page.index("| `c` | no |  |")
    assert page.endswith("\n")


def names(rows: tuple[Row, ...]) -> set[str]:
    return {row.name for row in rows}


def test_every_handled_deepgram_message_is_in_the_table() -> None:
    listed = {name for name in names(deepgram.AGENT_V1.from_client) if ":" not in name} - {"binary"}
    assert listed == set(HANDLED)


def test_every_rendered_deepgram_message_is_in_the_table() -> None:
    rendered = {kind.wire_name() for kind in agent_messages.ServerMessage.__subclasses__()}
    listed = names(deepgram.AGENT_V1.from_server) | names(deepgram.AGENT_V0.from_server)
    assert rendered | {"binary"} == listed


@pytest.mark.parametrize(
    ("surface", "base", "handled"),
    [
        (streams.LISTEN_V1, listen_messages.ListenMessage, ListenV1Dialect.HANDLED),
        (streams.FLUX, flux_messages.FluxMessage, FluxDialect.HANDLED),
        (streams.SPEAK_V1, speak_messages.SpeakMessage, SpeakV1Dialect.HANDLED),
        (streams.SPEAK_V2, speak_flux_messages.FluxSpeechMessage, SpeakV2Dialect.HANDLED),
    ],
    ids=["listen", "flux", "speak", "flux speech"],
)
def test_every_message_of_deepgrams_streams_is_in_the_table(
    surface: Surface, base: Any, handled: tuple[str, ...]
) -> None:
    listed = {name for name in names(surface.from_client) if not name.startswith("?")} - {"binary"}
    assert listed == set(handled)
    rendered = {kind.wire_name() for kind in base.__subclasses__()}
    assert rendered == names(surface.from_server) - {"binary"}


def test_every_rendered_cartesia_message_is_in_the_table() -> None:
    def tags(kinds: list[type]) -> set[str]:
        return {kind.__struct_config__.tag for kind in kinds}  # type: ignore[attr-defined]

    turns = [*stt_messages.SttEvent.__subclasses__(), *stt_messages.TextEvent.__subclasses__()]
    assert tags([kind for kind in turns if kind is not stt_messages.TextEvent]) | {"error"} == names(
        cartesia.STT_TURNS.from_server
    )
    assert tags(stt_messages.ManualEvent.__subclasses__()) | {"error"} == names(cartesia.STT_MANUAL.from_server)
    assert tags(tts_messages.ContextEvent.__subclasses__()) | {"error"} == names(cartesia.TTS.from_server)
