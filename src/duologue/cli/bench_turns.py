"""`duologue bench turns`: false cut-offs against added delay, on conversations composed from recorded speech."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from duologue.listen.hypothesis import CaptureMode, ListenOptions
from duologue.listen.policy import TurnPolicy
from duologue.sim.turn_bench import CurvePoint, Heard, Turn, TurnScore, delay_at, replay, score, sweep
from duologue.sim.turn_report import Report, by_kind, percentile, word_errors

WORDINGS = ("silence", "heard", "expected", "reference")
"""What the detector knows: silence alone; the recogniser's words; its words when told what the agent would expect; the true words."""
TARGETS = (0.02, 0.05, 0.10, 0.20)


def turns(
    speech: Annotated[Path, typer.Option("--speech", help="Folder with manifest.jsonl and audio/.")],
    count: Annotated[int, typer.Option("--count", min=1, help="Conversations.")] = 24,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same conversations.")] = 1,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Silence and true words only: no recogniser.")] = False,
    detector: Annotated[str, typer.Option("--detector", help="Voice activity engine.")] = "silero",
    recognizer: Annotated[str, typer.Option("--recognizer", help="Speech recogniser.")] = "pocketsphinx",
    cache: Annotated[
        Path | None, typer.Option("--cache", help="Keep here what the engines said; read it back next time.")
    ] = None,
) -> None:
    """False cut-offs against added delay for turns composed from recorded speech, beside a detector that knows silence alone.

    \b
    Examples:
      duologue bench turns --speech ../shared/speech --count 24
      duologue bench turns --speech ../shared/speech --quick --json
    """
    wanted = ("silence", "reference") if quick else WORDINGS
    engines = _Engines(detector, None if quick else recognizer, TurnPolicy())
    conversations: dict[str, list[Heard]] = {wording: [] for wording in wanted}
    for place, one in enumerate(engines.hear(speech, seed, count, wanted, cache), 1):
        for wording, heard in one.items():
            conversations[wording].append(heard)
        sys.stderr.write(f"\rheard {place} of {count} conversations")
        sys.stderr.flush()
    sys.stderr.write("\n")
    report = measure(conversations)
    typer.echo(json.dumps(report.as_dict(), indent=2) if as_json else report.table())


@dataclass
class _Engines:
    """The engines, in this process, and the gate they are heard through."""

    detector: str
    recognizer: str | None
    policy: TurnPolicy

    def hear(
        self, speech: Path, seed: int, count: int, wanted: Sequence[str], cache: Path | None
    ) -> Iterator[dict[str, Heard]]:
        from duologue.sim.turn_dialogues import compose

        made: dict[str, Any] = {}
        for place, (dialogue, pcm) in enumerate(compose(speech, seed, count)):
            name = f"turns-{seed}-{place}-{self.detector}-{self.recognizer}-{self.policy.gate.hang_over:g}.pickle"
            kept = None if cache is None else cache / name
            if kept is not None and kept.is_file():
                # Written by this command on this machine; the folder is the user's own.
                yield pickle.loads(kept.read_bytes())  # noqa: S301
                continue
            one = self._hear_one(dialogue, pcm, wanted, made)
            if kept is not None:
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(pickle.dumps(one))
            yield one

    def _hear_one(self, dialogue: Any, pcm: Any, wanted: Sequence[str], made: dict[str, Any]) -> dict[str, Heard]:
        from duologue.sim.turn_hearing import hear_reference, hear_voice, hear_words

        if not made:
            made["voice"] = _make("voice_activity", self.detector)
            made["words"] = _make("recognizer", self.recognizer) if self.recognizer else None
            made["ending"] = _language_model()
        activities = hear_voice(made["voice"], pcm)
        gate = self.policy.gate
        one: dict[str, Heard] = {"silence": Heard(dialogue, activities)}
        if "heard" in wanted:
            one["heard"] = hear_words(made["words"], dialogue, pcm, activities, gate)
        if "expected" in wanted:
            one["expected"] = hear_words(made["words"], dialogue, pcm, activities, gate, expectation)
        one["reference"] = hear_reference(dialogue, activities, gate, made["ending"])
        return one


def _make(role: str, name: str) -> Any:
    from importlib import import_module

    from duologue.listen.engines.registry import spec
    from duologue.runtime.engines import Role

    made = spec(Role(role), name)
    module, function = made.factory.split(":")
    return getattr(import_module(module), function)(made.settings)


def _language_model() -> Any:
    """The sentence ends of the embedded recogniser's language model, for the true words."""
    import pocketsphinx

    from duologue.listen.engines.sentence_end import SentenceEnd

    return SentenceEnd(pocketsphinx.Decoder(samprate=16_000, loglevel="FATAL")).probability


def expectation(turn: Turn) -> ListenOptions:
    """What an agent that asked for this kind of turn would tell the recogniser."""
    if turn.kind == "digits":
        return ListenOptions(capture=CaptureMode.DIGITS)
    if turn.kind == "spelling":
        return ListenOptions(capture=CaptureMode.SPELLING)
    if any("coffee" in file for file in turn.files):
        from duologue.think.rules import RulesDialogue

        return ListenOptions(grammar=RulesDialogue.packaged("coffee").grammar())
    return ListenOptions()


def policies() -> Iterator[tuple[str, TurnPolicy]]:
    """The sweep: both half-lives scaled together and apart, about the default."""
    base = TurnPolicy()
    for ratio in (1.0, 1.7, 2.5, 4.0, 5.75, 9.0):
        for middle in (0.18, 0.24, 0.3, 0.36, 0.42, 0.48, 0.52, 0.56, 0.6, 0.66, 0.74, 0.85):
            slow, fast = middle * ratio**0.5, middle / ratio**0.5
            policy = replace(base, eager_end=None, floor=replace(base.floor, slow=slow, fast=fast))
            yield f"slow {slow:.2f} fast {fast:.2f}", policy


def measure(conversations: dict[str, list[Heard]]) -> Report:
    """Curves for every wording, and the rest of the figures with the default policy."""
    curves: dict[str, list[CurvePoint]] = {}
    defaults: dict[str, TurnScore] = {}
    kinds: dict[str, dict[str, dict[str, float | None]]] = {}
    for wording, heard in conversations.items():
        chosen = [item for item in policies() if wording != "silence" or item[1].floor.slow == item[1].floor.fast]

        def play(one: Heard, policy: TurnPolicy, wording: str = wording) -> Any:
            return replay(one, policy, with_words=wording != "silence", expect=expected_capture(one, wording))

        curves[wording] = list(sweep(heard, chosen, play))
        default = TurnPolicy()
        defaults[wording] = sum((score(one.dialogue, play(one, default)) for one in heard), TurnScore())
        kinds[wording] = by_kind(heard, chosen, play, TARGETS[1])
    silence = curves["silence"]
    return Report(
        targets={wording: {share: delay_at(curve, share) for share in TARGETS} for wording, curve in curves.items()},
        ratio={
            wording: _ratio(delay_at(curve, TARGETS[1]), delay_at(silence, TARGETS[1]))
            for wording, curve in curves.items()
        },
        curves=curves,
        defaults=defaults,
        kinds=kinds,
        onset_p95=percentile(defaults["silence"].onsets, 0.95),
        words={wording: word_errors(heard) for wording, heard in conversations.items() if wording in WORDINGS[1:3]},
    )


def expected_capture(heard: Heard, wording: str) -> list[tuple[float, CaptureMode]]:
    """From when on which kind of answer the listener expects: nothing special unless the agent would say so."""
    if wording in {"silence", "heard"}:
        return []
    modes = {"digits": CaptureMode.DIGITS, "spelling": CaptureMode.SPELLING}
    # The agent's question comes before the answer.
    return [(turn.start - 0.5, modes.get(turn.kind, CaptureMode.FREE)) for turn in heard.dialogue.turns]


def _ratio(one: float | None, other: float | None) -> float | None:
    return None if one is None or not other else one / other
