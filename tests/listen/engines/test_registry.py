"""The table of listening engines. What each gives is held by the contract test."""

from __future__ import annotations

from duologue.listen.engines.registry import ENGINES
from duologue.runtime.engines import Role


def test_no_engine_that_blocks_runs_in_the_server_process() -> None:
    assert [(entry.role, entry.name) for entry in ENGINES if not entry.inline] == [
        (Role.VOICE_ACTIVITY, "silero"),
        (Role.RECOGNIZER, "pocketsphinx"),
    ]


def test_a_spec_leads_a_worker_to_the_engine_and_to_its_words() -> None:
    made = ENGINES.spec(Role.VOICE_ACTIVITY, "silero", {"batch": 4})
    assert made.factory == "duologue.listen.engines.silero:create"
    assert made.vocabulary == "duologue.listen.engines.registry:VOCABULARY"
