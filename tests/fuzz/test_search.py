"""A short search with a fixed seed: the same inputs in every run. `make fuzz` searches on."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz.__main__ import main
from fuzz.case import Case, Pieces
from fuzz.corpus import frames, vocabulary
from fuzz.mutator import MAX_PIECES, Mutator
from fuzz.search import Target, attempt, search
from fuzz.targets import TARGETS

RUNS = {"config": 100, "agent-file": 100, "rule-book": 40, "speech": 100, "audiosocket": 100}
"""The slow ones; all others have more."""


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the server of the last input is never told to stop
@pytest.mark.parametrize("name", TARGETS)
def test_any_input_is_taken_or_refused(name: str) -> None:
    outcome = search(TARGETS[name], 1, math.inf, RUNS.get(name, 400), guided=False)
    assert not outcome.findings, outcome.findings[0].trace


def broken(pieces: Pieces) -> Iterator[str]:
    """Reads numbers, and cannot bear a seven behind anything."""
    for piece in pieces[1:]:
        yield str(len(piece))
        if "7" in str(piece):
            raise KeyError(piece)


def hanging(pieces: Pieces) -> Iterator[str]:
    while "7" in str(pieces):
        pass
    yield "done"


def test_a_finding_is_made_small_and_told_once_and_always_the_same() -> None:
    target = Target("broken", broken, lambda: [("a", "1234567890", "5"), ("a", "77")])
    outcome = search(target, 1, math.inf, 200)
    assert [finding.case.pieces for finding in outcome.findings] == [("a", "7")]
    assert outcome.findings[0].where.startswith("KeyError")
    again = search(target, 1, math.inf, 200)
    assert [finding.case for finding in again.findings] == [finding.case for finding in outcome.findings]


def test_an_input_that_never_ends_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuzz.search.LIMIT_S", 0.05)
    _, finding = attempt(Target("hanging", hanging, list), ("7",))
    assert finding is not None
    assert finding.where == "TookTooLong at hanging"
    assert attempt(Target("hanging", hanging, list), ("8",)) == (frozenset({"done"}), None)


def test_a_case_comes_back_from_its_file(tmp_path: Path) -> None:
    case = Case("telephone", ("twilio", '{"a":"\ud800"}', b"\xff\x00"), "why")
    (tmp_path / case.name).write_text(case.to_json(), "utf-8")
    assert Case.read(tmp_path / case.name) == case


def test_a_finding_is_replayed_by_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = Case("peers", ('{"type":"done"}',))
    path = tmp_path / "case.json"
    path.write_text(case.to_json(), "utf-8")
    from fuzz.__main__ import replay

    assert replay(path) == 0
    assert "in order: AgentSaidOther, ContextDone" in capsys.readouterr().out


def test_an_unknown_target_is_told_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["parrot"])
    assert "no target 'parrot'; known: cartesia-turns" in capsys.readouterr().err


def test_the_corpus_is_what_clients_send_in_the_wire_tests() -> None:
    assert any('"SettingsConfiguration"' in str(frame) for frame in frames("recorded"))
    assert '{"type": "close"}' in frames("08")
    names, values = vocabulary()
    assert {"context_id", "agent", "input_format"} <= set(names)
    assert "pcm_s16le" in values


def test_mutations_repeat_and_are_bounded() -> None:
    said = (*frames("06", "12"), b"RIFF" + bytes(60))
    seeds: list[Pieces] = [("query", frame) for frame in said]

    def drawn() -> list[Pieces]:
        mutator, kept = Mutator(random.Random(1)), list(seeds)
        for _ in range(300):
            kept.append(mutator.mutate(kept[-1] if len(kept) % 3 else kept[len(kept) % len(seeds)], seeds))
        return kept

    assert drawn() == drawn()
    assert max(map(len, drawn())) <= MAX_PIECES
    assert len(set(drawn())) > 250
