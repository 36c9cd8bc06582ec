"""The figures of the turn bench: as a table to read and as JSON to keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duologue.listen.events import ListenEvent
from duologue.listen.policy import TurnPolicy
from duologue.listen.word_errors import WordErrors, count_errors
from duologue.runtime.machine import Seconds
from duologue.sim.turn_bench import CurvePoint, Heard, TurnScore, delay_at, score
from duologue.sim.turn_hearing import turn_at


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def word_errors(heard: Sequence[Heard]) -> dict[str, WordErrors]:
    """Errors of the final words by kind of turn: every segment's words are compared as part of the turn it overlaps."""
    total: dict[str, WordErrors] = {}
    for one in heard:
        said: dict[int, list[str]] = {place: [] for place in range(len(one.dialogue.turns))}
        for segment in sorted(one.hypotheses):
            final = one.hypotheses[segment][-1]
            if not final.words:
                continue
            turn = turn_at(one.dialogue, final.words[0].start, final.words[-1].end)
            if turn is not None:
                said[one.dialogue.turns.index(turn)].append(final.text)
        for place, turn in enumerate(one.dialogue.turns):
            kind = "coffee orders" if any("coffee" in file for file in turn.files) else turn.kind
            total[kind] = total.get(kind, WordErrors()) + count_errors(turn.text, " ".join(said[place]))
    return total


def by_kind(
    heard: Sequence[Heard],
    policies: Sequence[tuple[str, TurnPolicy]],
    play: Callable[[Heard, TurnPolicy], Sequence[ListenEvent]],
    cut_share: float,
) -> dict[str, dict[str, float | None]]:
    """For every kind of turn: its least delay at `cut_share`, and what the default policy does to it."""
    kinds = sorted({turn.kind for one in heard for turn in one.dialogue.turns})
    curves: dict[str, list[CurvePoint]] = {kind: [] for kind in kinds}
    for label, policy in [*policies, ("default", TurnPolicy())]:
        totals = dict.fromkeys(kinds, TurnScore())
        for one in heard:
            events = play(one, policy)
            for kind in {turn.kind for turn in one.dialogue.turns}:
                totals[kind] += score(one.dialogue, events, kind)
        for kind, total in totals.items():
            curves[kind].append(CurvePoint(label, total))
    return {
        kind: {
            "delay_at_target": delay_at(curve[:-1], cut_share),
            "default_delay": curve[-1].score.delay,
            "default_cut": curve[-1].score.cut_share,
            "pauses": float(sum(curve[-1].score.pauses.values())),
        }
        for kind, curve in curves.items()
    }


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the bench found."""

    targets: Mapping[str, Mapping[float, Seconds | None]]
    """By wording and share of pauses cut: the least mean delay."""
    ratio: Mapping[str, float | None]
    """Delay at 5 % false cut-offs over that of silence alone."""
    curves: Mapping[str, Sequence[CurvePoint]]
    defaults: Mapping[str, TurnScore]
    kinds: Mapping[str, Mapping[str, Mapping[str, float | None]]]
    onset_p95: Seconds
    words: Mapping[str, Mapping[str, WordErrors]]

    def as_dict(self) -> dict[str, Any]:
        """For JSON; curves as (label, share cut, mean delay)."""
        return {
            "delay_s_at_cut_share": {
                wording: {str(k): v for k, v in row.items()} for wording, row in self.targets.items()
            },
            "ratio_to_silence_at_5_percent": dict(self.ratio),
            "default_policy": {wording: _figures(total) for wording, total in self.defaults.items()},
            "onset_p95_s": self.onset_p95,
            "by_kind": {
                wording: {kind: dict(row) for kind, row in rows.items()} for wording, rows in self.kinds.items()
            },
            "word_error_rate": {
                w: {kind: errors.rate for kind, errors in rows.items()} for w, rows in self.words.items()
            },
            "curves": {
                wording: [[point.label, point.score.cut_share, point.score.delay] for point in curve]
                for wording, curve in self.curves.items()
            },
        }

    def table(self) -> str:
        """For a terminal."""
        lines = [
            "Added delay (s, mean) at a share of pauses cut",
            f"{'knows':<12}" + "".join(f"{share:>9.0%}" for share in self._shares()),
        ]
        for wording, row in self.targets.items():
            ratio = self.ratio[wording]
            times = "" if ratio is None else f"   {ratio:.2f} of silence at 5%"
            lines.append(f"{wording:<12}" + "".join(f"{_seconds(value):>9}" for value in row.values()) + times)
        lines += [
            "",
            "Default policy",
            f"{'knows':<12}{'cut':>8}{'delay':>8}{'median':>8}{'turns found':>14}{'eager/turn':>12}",
        ]
        for wording, total in self.defaults.items():
            lines.append(
                f"{wording:<12}{total.cut_share:>8.1%}{total.delay:>8.2f}{total.median_delay:>8.2f}"
                f"{f'{total.found} of {total.turns}':>14}{total.eager_ends / max(1, total.turns):>12.2f}"
            )
        total = self.defaults["silence"]
        lines += [
            "",
            f"Onset {percentile(total.onsets, 0.5):.3f} s median, {self.onset_p95:.3f} s p95;"
            f" {total.false_starts_per_minute:.2f} false starts a minute of quiet or noise; {total.cut_elsewhere} ends elsewhere in turns",
            "",
            "By kind: delay at 5% cut, and default policy's delay and cut",
        ]
        for wording, rows in self.kinds.items():
            for kind, found in rows.items():
                lines.append(
                    f"{wording:<12}{kind:<14}{_seconds(found['delay_at_target']):>8}{_seconds(found['default_delay']):>8}"
                    f"{found['default_cut'] or 0:>8.1%}  of {found['pauses'] or 0:.0f} pauses"
                )
        for wording, errors in self.words.items():
            lines.append(
                f"Word errors, {wording}: "
                + ", ".join(f"{kind} {one.rate:.0%}" for kind, one in sorted(errors.items()))
            )
        return "\n".join(lines)

    def _shares(self) -> list[float]:
        return list(next(iter(self.targets.values())))


def _figures(total: TurnScore) -> dict[str, Any]:
    return {
        "cut_share": total.cut_share,
        "delay_s": total.delay,
        "median_delay_s": total.median_delay,
        "turns": total.turns,
        "found": total.found,
        "onset_median_s": percentile(total.onsets, 0.5),
        "false_starts_per_minute": total.false_starts_per_minute,
        "ends_elsewhere_in_turns": total.cut_elsewhere,
        "eager_ends": total.eager_ends,
        "cut": dict(total.cut),
        "pauses": dict(total.pauses),
    }


def _seconds(value: Seconds | None) -> str:
    return "-" if value is None else f"{value:.2f}"
