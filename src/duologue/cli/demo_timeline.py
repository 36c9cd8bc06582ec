"""The demo call as a `CallTimeline`: what the caller's side recorded, and what the server's event log says of the decisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duologue.audio.formats import LISTEN_RATE
from duologue.audio.framing import Framer
from duologue.audio.input import STEP_S
from duologue.cli.call_tracks import Tracks
from duologue.cli.demo_screen import notices
from duologue.cli.demo_story import BargeIn
from duologue.cli.phone_call import PhoneCall
from duologue.console.timeline import CallTimeline, Happening, Line, Series, Stretch, Threshold, peaks
from duologue.listen.engines.registry import ENGINES
from duologue.listen.hypothesis import ListenOptions
from duologue.runtime.engines import Role
from duologue.runtime.machine import Seconds
from duologue.runtime.references import resolve

_KINDS = {
    "TurnStarted": ("turn_started", "takes the floor"),
    "TurnEagerEnded": ("turn_eager_ended", "may be done"),
    "TurnResumed": ("turn_resumed", "goes on"),
    "TurnEnded": ("turn_ended", "is done"),
}


@dataclass(frozen=True, slots=True)
class LogReader:
    """A log's lines with their times put on the caller's clock."""

    lines: Sequence[Mapping[str, Any]]
    microphone_from: Seconds

    def events(self) -> Iterator[tuple[Seconds, Mapping[str, Any], Mapping[str, Any]]]:
        """Call time, event and line of each fact that has an event."""
        zero = self._zero()
        for line in self.lines:
            event = line.get("event")
            if isinstance(event, Mapping):
                yield line["now"] - zero, event, line

    def heard_at(self, event: Mapping[str, Any]) -> Seconds:
        """When the audio an event speaks about was recorded."""
        return float(self.microphone_from + event["position"] / LISTEN_RATE)

    def settings(self) -> Mapping[str, Any]:
        """Of the agent."""
        told: Mapping[str, Any] = self.lines[0].get("settings") or {} if self.lines else {}
        return told.get("agent") or {}

    def _zero(self) -> Seconds:
        """The server's clock at second 0 of the call: nothing can be judged before it was recorded, and the promptest judgement tells."""
        lags = [
            line["now"] - self.heard_at(line["event"])
            for line in self.lines
            if isinstance(line.get("event"), Mapping) and line["event"].get("$") == "Progressed"
        ]
        return min(lags, default=0.0)


def make_timeline(
    call: PhoneCall, tracks: Tracks, barge_in: BargeIn, waits: Sequence[Seconds], log: Sequence[Mapping[str, Any]]
) -> CallTimeline:
    """Everything that is known of the call."""
    reader = LogReader(log, call.microphone.began)
    turns = reader.settings().get("listen", {}).get("turns", {})
    levels = (("start", "start"), ("eager end", "eager_end"), ("end", "end"))
    versions = (log[0].get("versions") or {}) if log else {}
    return CallTimeline(
        title="duologue demo: a recorded caller and an agent",
        duration=len(tracks.agent) / tracks.rate,
        caller_peaks=peaks(tracks.caller, tracks.rate),
        agent_peaks=peaks(tracks.agent, tracks.rate),
        series=(
            Series("speech probability", tuple(speech_probability(call))),
            Series(
                "floor",
                tuple((reader.heard_at(e), e["floor"]) for _, e, _ in reader.events() if e.get("$") == "Progressed"),
            ),
        ),
        thresholds=tuple(Threshold(name, turns[key]) for name, key in levels if turns.get(key) is not None),
        happenings=tuple(_happenings(reader)),
        stretches=tuple(sorted((*_waits(call), *_thinking(reader), *_speaking(call)), key=lambda each: each.start)),
        lines=tuple(_lines(call, reader)),
        summary=(
            ("last sound to reply", f"{min(waits):.2f} to {max(waits):.2f} s" if waits else "none"),
            ("barge-in to silence", f"{barge_in.delay:.2f} s"),
            ("never heard of what was sent", f"{barge_in.unheard:.1f} s"),
        ),
        note=", ".join(f"{name} {version}" for name, version in versions.items()),
    )


def speech_probability(call: PhoneCall) -> Iterator[tuple[Seconds, float]]:
    """What the embedded detector says of the microphone's recording, heard once more."""
    spec = ENGINES.spec(Role.VOICE_ACTIVITY, "silero")
    stream = resolve(spec.factory)(spec.settings).open(ListenOptions())
    for span in Framer(round(LISTEN_RATE * STEP_S)).push(call.microphone.recording()):
        for activity in stream.feed(span):
            yield call.microphone.began + activity.position / LISTEN_RATE, activity.speech
    stream.close()


def _happenings(reader: LogReader) -> Iterator[Happening]:
    for now, event, line in reader.events():
        if event.get("$") in _KINDS:
            kind, text = _KINDS[event["$"]]
            yield Happening(reader.heard_at(event), kind, f"turn {event['turn']} {text}", event["decision"]["because"])
        for notice in notices(line):
            if notice.get("$") == "Interrupted":
                yield Happening(now, "interrupted", "the agent stops", f"heard until then: “{notice['heard']}”")
            elif notice.get("$") == "Warned":
                yield Happening(now, "warning", str(notice["message"]))


def _waits(call: PhoneCall) -> Iterator[Stretch]:
    """From the caller's last sound to the reply's first."""
    for spoken in call.said:
        reply = next((reply for reply in call.replies if reply.begins > spoken.last_sound), None)
        if reply is not None:
            label = f"{reply.begins - spoken.last_sound:.2f} s"
            yield Stretch(
                spoken.last_sound, reply.begins, "wait", label, "from the caller's last sound to the reply's first"
            )


def _thinking(reader: LogReader) -> Iterator[Stretch]:
    began: dict[tuple[int, int], Seconds] = {}
    for now, event, line in reader.events():
        for command in line.get("commands") or ():
            if command.get("$") == "Generate":
                # A long request stands in the log as a digest, without its numbers.
                began[command.get("reply", 0), command.get("round", 0)] = now
        finished = event.get("$") == "CompletionReceived" and event["event"].get("$") == "Finish"
        if finished:
            start = began.pop((event["reply"], event["round"]), began.pop((0, 0), now))
            took = f"{(now - start) * 1000:.0f} ms"
            yield Stretch(
                start, now, "think", took, f"reply {event['reply']}: from the request to the last word of the model"
            )


def _speaking(call: PhoneCall) -> Iterator[Stretch]:
    for number, reply in enumerate(call.replies, 1):
        yield Stretch(reply.begins, reply.ends, "speak", f"reply {number}", reply.text, "dropped" if reply.cut else "")


def _lines(call: PhoneCall, reader: LogReader) -> Iterator[Line]:
    heard = [n["heard"] for _, _, line in reader.events() for n in notices(line) if n.get("$") == "Interrupted"]
    understood = [message for message in call.messages if message.type == "ConversationText"]
    for message in understood:
        if message.content.get("role") != "user":
            continue
        text = str(message.content.get("content"))
        spoken = [each for each in call.said if each.begins < message.at and each.ends > message.at - 5.0]
        if spoken and text not in call.typed:
            yield Line(spoken[-1].begins, spoken[-1].ends, "caller", text)
        else:
            yield Line(message.at, message.at + 1.0, "caller", f"{text} (typed)")
    for reply in call.replies:
        yield Line(reply.begins, reply.ends, "agent", reply.text, heard.pop(0) if reply.cut and heard else None)
