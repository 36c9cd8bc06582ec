"""The figures of the turn bench: as a table to read and as JSON to keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duologue.listen.policy import TurnPolicy
from duologue.listen.word_errors import WordErrors
from duologue.runtime.machine import Seconds
from duologue.sim.turn_bench import TurnScore, delay_at
from duologue.sim.turn_ears import DECODED, WORDINGS, WORDLESS
from duologue.sim.turn_trials import ALL, NOISE, Trial

SHARES = (0.02, 0.03, 0.05, 0.07, 0.10, 0.15, 0.20, 0.30)
"""Of pauses cut: where the curve is read."""
TARGET = 0.05


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the bench found."""

    trials: Mapping[str, Trial]
    """By wording, all conversations together."""
    settings: Mapping[str, str | int]
    """What it was measured with: engines, seed, count."""

    def delays(self, wording: str, kind: str = ALL) -> dict[float, Seconds | None]:
        """The curve: the least mean delay at each share of pauses cut."""
        curve = self.trials[wording].curve(kind)
        return {share: delay_at(curve, share) for share in SHARES}

    def ratio(self, wording: str) -> float | None:
        """Delay at 5 % false cut-offs over that of silence alone in the same run."""
        own, silence = (self.delays(one)[TARGET] for one in (wording, "silence"))
        return None if own is None or not silence else own / silence

    def as_dict(self) -> dict[str, Any]:
        """For JSON: seconds, shares and rates as numbers; curves as (policy, share cut, mean delay)."""
        policy = TurnPolicy()
        return {
            "settings": {**self.settings, "hang_over_s": policy.gate.hang_over, "end_threshold": policy.end},
            "delay_s_at_cut_share": {
                wording: {f"{share:g}": delay for share, delay in self.delays(wording).items()}
                for wording in self.trials
            },
            "ratio_to_silence_at_5_percent": {wording: self.ratio(wording) for wording in self.trials},
            "default_policy": {wording: _figures(trial.default()) for wording, trial in self.trials.items()},
            "by_kind": {
                wording: {
                    kind: {
                        **_figures(trial.default(kind)),
                        "delay_s_at_cut_share": {
                            f"{share:g}": delay for share, delay in self.delays(wording, kind).items()
                        },
                    }
                    for kind in trial.kinds
                }
                for wording, trial in self.trials.items()
            },
            "onset_s": {wording: _spread(trial.default().onsets) for wording, trial in self._wordless()},
            "false_starts_per_minute": {wording: self.false_starts(wording) for wording, _ in self._wordless()},
            "word_errors": {wording: _word_figures(trial) for wording, trial in self._decoded()},
            "curves": {
                wording: [[point.label, point.score.cut_share, point.score.delay] for point in trial.curve()]
                for wording, trial in self.trials.items()
            },
        }

    def false_starts(self, wording: str = "silence") -> dict[str, float]:
        """Turns begun where nobody spoke, per minute in which nobody did: without any speech, and between turns."""
        total, noise = (self.trials[wording].default(kind) for kind in (ALL, NOISE))
        quiet = total.quiet - noise.quiet
        return {
            NOISE: noise.false_starts_per_minute,
            "between turns": 60.0 * (total.false_starts - noise.false_starts) / quiet if quiet > 0 else 0.0,
        }

    def table(self) -> str:
        """For a terminal."""
        parts = (self._curve(), self._default(), self._onset(), self._kinds(), self._words())
        return "\n\n".join("\n".join(part) for part in parts if part)

    def _wordless(self) -> list[tuple[str, Trial]]:
        return [(wording, trial) for wording, trial in self.trials.items() if wording in WORDLESS]

    def _decoded(self) -> list[tuple[str, Trial]]:
        return [(wording, trial) for wording, trial in self.trials.items() if wording in DECODED]

    def _curve(self) -> list[str]:
        lines = [
            "What the detector knows: " + "; ".join(f"{one}: {WORDINGS.get(one, one)}" for one in self.trials),
            "",
            "The curve: mean delay behind the last word (s) at a share of pauses cut",
            f"{'knows':<12}" + "".join(f"{share:>7.0%}" for share in SHARES),
        ]
        for wording in self.trials:
            ratio = self.ratio(wording)
            told = "" if ratio is None else f"   {ratio:.2f} of silence at 5%"
            row = "".join(f"{_seconds(value):>7}" for value in self.delays(wording).values())
            lines.append(f"{wording:<12}{row}{told}")
        return lines

    def _default(self) -> list[str]:
        lines = [
            "Default policy",
            f"{'knows':<12}{'cut':>7}{'delay':>8}{'p50':>7}{'p95':>7}{'turns found':>14}{'eager/turn':>12}{'ends in words':>15}"
            "   pauses cut by kind",
        ]
        for wording, trial in self.trials.items():
            total = trial.default()
            kinds = ", ".join(f"{kind} {total.cut.get(kind, 0)}/{count}" for kind, count in total.pauses.items())
            spread = _spread(total.delays)
            lines.append(
                f"{wording:<12}{total.cut_share:>7.1%}{total.delay:>8.2f}{spread['p50']:>7.2f}{spread['p95']:>7.2f}"
                f"{f'{total.found} of {total.turns}':>14}{total.eager_ends / max(1, total.turns):>12.2f}{total.cut_elsewhere:>15}   {kinds}"
            )
        return lines

    def _onset(self) -> list[str]:
        lines: list[str] = []
        for wording, trial in self._wordless():
            total, noise = trial.default(), trial.default(NOISE)
            onset, starts = _spread(total.onsets), self.false_starts(wording)
            lines += [
                f"Beginnings, {wording}: onset to turn start p50 {onset['p50']:.2f} s, p95 {onset['p95']:.2f} s"
                f" of {len(total.onsets)} turns that were not open before",
                f"  false starts a minute: {starts[NOISE]:.2f} in noise alone ({noise.quiet / 60:.1f} min),"
                f" {starts['between turns']:.2f} between turns ({(total.quiet - noise.quiet) / 60:.1f} min)",
            ]
        return lines

    def _kinds(self) -> Iterator[str]:
        yield "By kind of turn: delay at 5% and 10% cut; default policy's delay and cut"
        for wording, trial in self.trials.items():
            for kind in trial.kinds:
                delays, total = self.delays(wording, kind), trial.default(kind)
                yield (
                    f"{wording:<12}{kind:<14}{_seconds(delays[TARGET]):>8}{_seconds(delays[0.10]):>8}"
                    f"{total.delay:>8.2f}{total.cut_share:>8.1%}  of {sum(total.pauses.values())} pauses"
                )

    def _words(self) -> list[str]:
        lines: list[str] = []
        for wording, trial in self._decoded():
            lines += [f"Word errors, {wording}: {_rates(trial.words)}"]
            lines += [f"  by condition: {_rates(trial.noisy_words)}"]
            lines += [
                f"  {trial.stray_words} words heard where nobody spoke;"
                f" {trial.conflicts} of {trial.early_words} words shown as stable are not in their final"
            ]
        return lines


def _rates(errors: Mapping[str, WordErrors]) -> str:
    total = sum(errors.values(), WordErrors())
    return ", ".join(f"{kind} {one.rate:.0%}" for kind, one in [*sorted(errors.items()), ("all", total)])


def _word_figures(trial: Trial) -> dict[str, Any]:
    return {
        "rate": sum(trial.words.values(), WordErrors()).rate,
        "by_kind": {kind: _error_figures(errors) for kind, errors in trial.words.items()},
        "by_condition": {kind: _error_figures(errors) for kind, errors in trial.noisy_words.items()},
        "words_where_nobody_spoke": trial.stray_words,
        "stable_words_contradicted": trial.conflicts,
        "words_stable_before_their_final": trial.early_words,
    }


def _error_figures(errors: WordErrors) -> dict[str, float]:
    return {
        "rate": errors.rate,
        "words": errors.reference,
        "substituted": errors.substituted,
        "deleted": errors.deleted,
        "inserted": errors.inserted,
    }


def _figures(total: TurnScore) -> dict[str, Any]:
    return {
        "cut_share": total.cut_share,
        "delay_s": total.delay,
        **{f"delay_{name}_s": value for name, value in _spread(total.delays).items()},
        "turns": total.turns,
        "found": total.found,
        "ends_elsewhere_in_turns": total.cut_elsewhere,
        "eager_ends": total.eager_ends,
        "cut": dict(total.cut),
        "pauses": dict(total.pauses),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"p50": percentile(values, 0.5), "p95": percentile(values, 0.95)}


def _seconds(value: Seconds | None) -> str:
    return "-" if value is None else f"{value:.2f}"
