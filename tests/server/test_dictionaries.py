"""Where pronunciation dictionaries are kept, and how they reach the synthesiser."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from duologue.errors import EngineFailure, Refused, Violation
from duologue.server import dictionaries as module
from duologue.server.dictionaries import MAX_LEXICONS, DatabaseShelf, Dictionaries, Dictionary, MemoryShelf, Shelf
from duologue.speak.channel import SpeakEngines
from duologue.speak.mapped_text import MappedText
from duologue.speak.speech import Pronunciation, SpeakOptions
from duologue.storage import Database

WORDS = Dictionary("d1", "Words", "duo_1", 10.0, (Pronunciation("nginx", "engine x"), Pronunciation("US", "U S", True)))
ENGINES = SpeakEngines({})


@pytest.fixture(params=["memory", "database"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    return MemoryShelf() if request.param == "memory" else DatabaseShelf(Database.open())


def test_a_dictionary_is_kept_replaced_and_dropped(shelf: Shelf) -> None:
    shelf.put(WORDS)
    later = Dictionary("d2", "Later", "", 11.0, description="x", access="public", pinned=True)
    shelf.put(later)
    assert shelf.names() == ["d2", "d1"]
    assert (shelf.get("d1"), shelf.get("d2"), shelf.get("d3")) == (WORDS, later, None)
    shelf.put(Dictionary("d1", "Words", "duo_1", 10.0))
    found = shelf.get("d1")
    assert found is not None
    assert found.items == ()
    assert shelf.names() == ["d2", "d1"], "a change does not make it newer"
    assert (shelf.drop("d1"), shelf.drop("d1"), shelf.names()) == (True, False, ["d2"])


def test_a_database_keeps_them_for_the_next_process(tmp_path: Path) -> None:
    first = Database.open(folder=tmp_path)
    DatabaseShelf(first).put(WORDS)
    first.close()
    second = Database.open(folder=tmp_path)
    assert DatabaseShelf(second).get("d1") == WORDS
    second.close()


def said(engines: SpeakEngines, written: str) -> str:
    return engines.lexicon.apply(MappedText.of(written)).text


def test_the_engines_are_given_the_dictionary_that_is_asked_for_as_it_is_now() -> None:
    async def main() -> None:
        kept = Dictionaries(None)
        await kept.add(WORDS)
        assert await kept.engines_for(ENGINES, SpeakOptions()) is ENGINES
        asked = SpeakOptions(dictionary="d1")
        first = await kept.engines_for(ENGINES, asked)
        assert said(first, "nginx in the US") == "engine x in the U S"
        assert (await kept.engines_for(ENGINES, asked)).lexicon is first.lexicon, "it is made ready once"
        await kept.replace(Dictionary("d1", "Words", "", 10.0, (Pronunciation("nginx", "en jinx"),)))
        assert said(await kept.engines_for(ENGINES, asked), "nginx") == "en jinx"

    asyncio.run(main())


def test_few_dictionaries_are_kept_ready() -> None:
    async def main() -> None:
        kept = Dictionaries(None)
        for number in range(MAX_LEXICONS + 1):
            await kept.add(Dictionary(f"d{number}", "x", "", 0.0, (Pronunciation("a", str(number)),)))
        lexicons = [(await kept.engines_for(ENGINES, SpeakOptions(dictionary=f"d{n}"))).lexicon for n in (0, 0)]
        assert lexicons[0] is lexicons[1]
        for number in range(1, MAX_LEXICONS + 1):
            await kept.engines_for(ENGINES, SpeakOptions(dictionary=f"d{number}"))
        again = await kept.engines_for(ENGINES, SpeakOptions(dictionary="d0"))
        assert again.lexicon is not lexicons[0]

    asyncio.run(main())


def test_an_unknown_dictionary_is_left_out_or_refused_where_the_server_is_strict() -> None:
    async def main() -> None:
        asked = SpeakOptions(dictionary="none")
        assert await Dictionaries(None).engines_for(ENGINES, asked) is ENGINES
        with pytest.raises(Violation) as caught:
            await Dictionaries(None, strict=True).engines_for(ENGINES, asked)
        assert (caught.value.code, caught.value.path) == ("dictionary_not_found", "pronunciation_dict_id")

    asyncio.run(main())


def test_there_is_an_end_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        kept = Dictionaries(None)
        await kept.add(WORDS)
        monkeypatch.setattr(module, "MAX_DICTIONARIES", 1)
        with pytest.raises(Refused, match="at most 1 pronunciation"):
            await kept.add(Dictionary("d2", "x", "", 0.0))

    asyncio.run(main())


def test_a_database_that_is_away_is_a_failure_of_ours(tmp_path: Path) -> None:
    async def main() -> None:
        database = Database.open(folder=tmp_path)
        kept = Dictionaries(database)
        await kept.add(WORDS)
        with database.transaction() as connection:
            connection.execute(text("DROP TABLE dictionaries"))
        with pytest.raises(EngineFailure, match="the database is away"):
            await kept.find("d1")
        database.close()

    asyncio.run(main())
