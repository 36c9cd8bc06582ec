"""Refit the two constants of `listen/engines/sentence_end.py`: how the language model's word on sentence ends becomes a probability.

    python bench/fit_sentence_end.py FOLDER

Every transcript with word times is cut open at word boundaries with 0.5 s of speech before and 0.4 s behind; the last two words before a
cut are pauses, those of the whole text are ends. A logistic fit in one variable, and the area under the curve per kind.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pocketsphinx

from duologue.listen.engines.sentence_end import SentenceEnd

KINDS = ("command", "read", "spontaneous")


def samples(folder: Path, model: SentenceEnd) -> list[tuple[str, float, int]]:
    """(kind, log probability of an end, whether it was one) of every possible cut and every end."""
    found = []
    for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["kind"] not in KINDS or not row.get("words") or not row.get("complete"):
            continue
        words = row["words"]
        texts = [word for word, _, _ in words]
        cuts = [
            place
            for place in range(1, len(words))
            if words[place - 1][2] - words[0][1] >= 0.5 and words[-1][2] - words[place][1] >= 0.4
        ]
        # Three cuts at most: long texts would outweigh the rest.
        chosen = cuts[:: max(1, len(cuts) // 3)][:3]
        found += [(row["kind"], model.log_probability(texts[:place]), 0) for place in chosen]
        found.append((row["kind"], model.log_probability(texts), 1))
    return found


def fit(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Slope and offset by Newton's method, ends and pauses weighing the same."""
    design = np.column_stack((x, np.ones_like(x)))
    share = np.where(y == 1, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    weights = np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ weights))
        curvature = design.T @ (design * (share * p * (1 - p))[:, None]) + 1e-6 * np.eye(2)
        weights += np.linalg.solve(curvature, design.T @ (share * (y - p)))
    return float(weights[0]), float(weights[1])


def area(x: np.ndarray, y: np.ndarray) -> float:
    """Under the curve: how often an end is ranked above a pause."""
    difference = x[y == 1][:, None] - x[y == 0][None, :]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


def main() -> None:
    """Print the constants and the areas."""
    model = SentenceEnd(pocketsphinx.Decoder(samprate=16_000, loglevel="FATAL"))
    found = samples(Path(sys.argv[1]), model)
    x, y = np.array([value for _, value, _ in found]), np.array([end for _, _, end in found])
    slope, offset = fit(x, y)
    print(
        f"SLOPE, OFFSET = {slope:.2f}, {offset:.2f}   ({len(found)} places; even odds at {math.exp(-offset / slope):.3f})"
    )
    for kind in KINDS:
        chosen = np.array([name == kind for name, _, _ in found])
        if 0 < y[chosen].sum() < chosen.sum():
            print(f"{kind:<12} area {area(x[chosen], y[chosen]):.2f} over {int(chosen.sum())}")


if __name__ == "__main__":
    main()
