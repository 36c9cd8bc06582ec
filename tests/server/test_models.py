"""Language models from the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from duologue.config import ProviderSection, ThinkSection
from duologue.errors import Violation
from duologue.server.models import build_models
from duologue.think.completion import ModelChoice
from duologue.think.rules_model import RulesModel
from duologue.think.scripted_model import ScriptedModel


def test_rules_are_always_there_and_the_default() -> None:
    first = build_models(ThinkSection()).first((ModelChoice("open_ai", "gpt-4o-mini"),))
    assert first is not None
    assert isinstance(first[0], RulesModel)


def test_a_provider_answers_for_its_name_however_it_is_written() -> None:
    think = ThinkSection(providers={"open_ai": ProviderSection(client="scripted", answers=[{"text": "Hello."}])})
    first = build_models(think).first((ModelChoice("OpenAI", "gpt-4o-mini"),))
    assert first is not None
    assert isinstance(first[0], ScriptedModel)


def test_a_dialogue_of_ones_own_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(Violation):
        build_models(ThinkSection(rules=str(tmp_path / "none.toml")))


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        (ProviderSection(client="parrot"), "think.providers.x.client"),
        (ProviderSection(client="scripted", answers=[{"txt": "?"}]), "think.providers.x.answers"),
    ],
)
def test_a_mistake_is_named_with_its_path(provider: ProviderSection, path: str) -> None:
    with pytest.raises(Violation) as caught:
        build_models(ThinkSection(providers={"x": provider}))
    assert caught.value.path == path
