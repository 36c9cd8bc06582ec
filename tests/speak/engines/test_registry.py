"""The table of synthesisers."""

from __future__ import annotations

from duologue.runtime.engines import Role
from duologue.runtime.references import resolve
from duologue.speak.engines.registry import ENGINES, VOCABULARY
from duologue.speak.speech import SpeakOptions


def test_every_engine_can_be_made_from_its_spec() -> None:
    for entry in ENGINES:
        made = ENGINES.spec(Role.SYNTHESIZER, entry.name)
        engine = resolve(made.factory)(made.settings)
        assert engine.info.name == entry.name == made.name
        assert engine.info.licence == entry.licence
        assert entry.version
        assert resolve(made.vocabulary) is VOCABULARY


def test_a_voice_whose_library_is_not_ours_never_runs_in_the_server_process() -> None:
    assert [entry.name for entry in ENGINES if not entry.inline] == ["espeak"]
    assert VOCABULARY.kind(SpeakOptions()) != VOCABULARY.kind("text")
