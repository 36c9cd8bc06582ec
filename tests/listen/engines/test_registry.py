from __future__ import annotations

from importlib.metadata import version

import pytest

from duologue.errors import Violation
from duologue.listen.engines.registry import ENGINES, EngineEntry, entry, spec
from duologue.runtime.engines import Role


def test_a_spec_says_how_a_worker_makes_the_engine() -> None:
    made = spec(Role.VOICE_ACTIVITY, "silero", {"batch": 4})
    assert (made.name, made.role, made.settings) == ("silero", Role.VOICE_ACTIVITY, {"batch": 4})
    assert made.factory == "duologue.listen.engines.silero:create"
    assert made.vocabulary == "duologue.listen.engines.registry:VOCABULARY"


def test_an_unknown_engine_is_refused_with_the_nearest_right_name() -> None:
    with pytest.raises(Violation, match=r"no recognizer engine 'pocketsphynx'.*Did you mean 'pocketsphinx'\?"):
        spec(Role.RECOGNIZER, "pocketsphynx")
    with pytest.raises(Violation, match="no synthesizer engine 'silero'"):
        entry(Role.SYNTHESIZER, "silero")


def test_an_engine_whose_package_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = EngineEntry("absent", Role.RECOGNIZER, "a:b", "", "MIT", package="no-such-thing", module="no_such_thing")
    monkeypatch.setitem(ENGINES, (Role.RECOGNIZER, "absent"), absent)
    assert (absent.installed, absent.version) == (False, "")
    with pytest.raises(Violation, match="pip install no-such-thing"):
        spec(Role.RECOGNIZER, "absent")


def test_versions_are_those_of_the_packages() -> None:
    assert entry(Role.RECOGNIZER, "pocketsphinx").version == version("pocketsphinx")
    assert entry(Role.RECOGNIZER, "scripted").version == version("duologue")
