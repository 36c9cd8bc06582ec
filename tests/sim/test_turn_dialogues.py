"""Composing conversations from a folder of recordings, with and without the folder's own composer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from duologue.errors import Violation
from duologue.sim.turn_dialogues import compose


def folder(tmp_path: Path, rate: int = 16_000) -> Path:
    rows = []
    for place in range(5):
        name = f"{place}.wav"
        soundfile.write(tmp_path / name, np.full(rate * 2, 0.1, np.float32), rate)
        words = [["one", 0.1, 0.6], ["two", 0.8, 1.2], ["three", 1.3, 1.9]]
        rows.append({"file": name, "kind": "command", "norm": "one two three", "words": words, "complete": True})
    rows.append({"file": "noise.wav", "kind": "noise"})
    (tmp_path / "manifest.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return tmp_path


def test_turns_are_laid_out_with_gaps_and_their_words_stand_where_they_sound(tmp_path: Path) -> None:
    for dialogue, pcm in compose(folder(tmp_path), seed=1, count=4):
        assert dialogue.duration == pytest.approx(len(pcm) / 16_000, abs=0.01)
        assert 3 <= len(dialogue.turns) <= 5
        for turn in dialogue.turns:
            assert (turn.words[0][1], turn.words[-1][2]) == (turn.start, turn.end)
            assert abs(pcm[round((turn.start + 0.05) * 16_000)]) > 0.05
            for pause in turn.pauses:
                assert abs(pcm[round((pause.start + pause.end) / 2 * 16_000)]) < 0.01
        for one, other in zip(dialogue.turns, dialogue.turns[1:], strict=False):
            assert other.start - one.end >= 1.5


def test_the_same_seed_composes_the_same_samples(tmp_path: Path) -> None:
    one, other = (list(compose(folder(tmp_path), seed=3, count=2)) for _ in range(2))
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(one, other, strict=True))


def test_a_folder_that_brings_its_composer_uses_it(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "make_turns.py").write_text(
        "import numpy as np\n"
        "def compose(folder, seed, count):\n"
        "    turn = {'start': 0.1, 'end': 0.5, 'kind': 'read', 'norm': 'hi', 'files': ['a'], 'pauses': [{'start': 0.2, 'end': 0.3,"
        " 'kind': 'word'}], 'words': [['hi', 0.1, 0.5]]}\n"
        "    yield 'x', np.zeros(16000, np.float32), {'name': 'x', 'duration': 1.0, 'condition': 'clean', 'turns': [turn]}\n",
        encoding="utf-8",
    )
    ((dialogue, pcm),) = compose(tmp_path, seed=1, count=1)
    assert (dialogue.name, len(pcm), dialogue.turns[0].pauses[0].kind) == ("x", 16_000, "word")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", r"line 7: JSONDecodeError: .*; expected an object with file, kind"),
        ('["a.wav"]', "line 7: AttributeError"),
        ('{"file": "0.wav", "kind": "x", "complete": true, "words": [["a", 0.1, 0.2]]}', "line 7: KeyError: 'norm'"),
        ('{"file": "0.wav", "kind": "x", "norm": "a", "complete": true, "words": ["a"]}', "line 7: ValueError"),
    ],
)
def test_a_line_of_the_manifest_that_cannot_be_used_is_named(tmp_path: Path, line: str, told: str) -> None:
    manifest = folder(tmp_path) / "manifest.jsonl"
    manifest.write_text(f"{manifest.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    with pytest.raises(Violation, match=told):
        next(compose(tmp_path, seed=1, count=1))


def test_a_manifest_of_nothing_usable_and_a_recording_that_is_not_there_are_told(tmp_path: Path) -> None:
    for place in range(5):
        (folder(tmp_path) / f"{place}.wav").unlink()
    with pytest.raises(Violation, match=r"cannot read .*\.wav"):
        next(compose(tmp_path, seed=1, count=1))
    (tmp_path / "manifest.jsonl").write_text('{"file": "noise.wav", "kind": "noise"}\n\n', encoding="utf-8")
    with pytest.raises(Violation, match="names no complete recording"):
        next(compose(tmp_path, seed=1, count=1))


def test_a_folder_without_a_manifest_or_of_another_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Violation, match=r"no manifest\.jsonl"):
        list(compose(tmp_path, 1, 1))
    with pytest.raises(Violation, match="not mono at 16000 Hz"):
        list(compose(folder(tmp_path, rate=8_000), 1, 1))
