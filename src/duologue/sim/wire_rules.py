"""Rules about the frames of every agent wire, and that somebody who is owed something is never left alone."""

from __future__ import annotations

from collections.abc import Iterator

from duologue.runtime.machine import Seconds
from duologue.sim import call_stream_rules, deepgram_rules
from duologue.sim.breach import Breach
from duologue.sim.caller import AGENT_RATE, Call
from duologue.sim.plan import Wire
from duologue.sim.wires import Received, Sign
from duologue.sim.world import Outcome

MODEL_PATIENCE: Seconds = 10.0
"""The default patience of the session's watchdog: what is owed must show a sign of life within it."""
TOOL_PATIENCE: Seconds = 30.0
"""The default time limit of a tool."""
SLACK: Seconds = 0.5

FRAME_S = 0.2
"""No audio frame is longer."""

BACKCHANNELS = frozenset({"mhm", "yeah", "okay", "right", "ok", "hm", "hmm", "aha"})
"""What a caller mutters and nobody answers."""


def check_frames(outcome: Outcome) -> Iterator[Breach]:
    """Every frame is well formed."""
    call = outcome.call
    if call is None:
        return
    for received in call.signs(Sign.AUDIO):
        if not 0 < received.audio <= FRAME_S * AGENT_RATE:
            yield Breach("frames", f"an audio frame of {received.audio} samples", received.at)
    on_call_stream = call.plan.wire is Wire.CALL_STREAM
    yield from (call_stream_rules if on_call_stream else deepgram_rules).frame_faults(call)


def check_order(outcome: Outcome) -> Iterator[Breach]:
    """What the wire says comes first does, and turns follow its order."""
    call = outcome.call
    if call is None or not call.received:
        return
    if call.plan.wire is Wire.CALL_STREAM:
        yield from call_stream_rules.order_faults(call)
    else:
        patience = SLACK + outcome.case.late_facts + 2 * MODEL_PATIENCE
        yield from deepgram_rules.order_faults(call, set(BACKCHANNELS), patience)


def check_never_silent(outcome: Outcome) -> Iterator[Breach]:
    """After the caller's words there is a sign of life within the session's patience, until there is an answer."""
    call = outcome.call
    if call is None:
        return
    patience = MODEL_PATIENCE + SLACK + outcome.case.late_facts + _unseen_work(outcome)
    since: Seconds | None = None
    running: set[str] = set()
    for received in [*call.received, Received(call.ended, {"type": "the end"})]:
        limit = patience + (TOOL_PATIENCE if running else 0.0)
        if since is not None and received.at - since > limit:
            yield Breach("never silent", f"nothing came for {received.at - since:.1f} s", since)
        calls = {asked.id for asked in received.calls}
        running = running | calls if received.sign is Sign.TOOLS_ASKED else running - calls
        if received.sign is not Sign.TOOLS_ASKED:
            running = {each for each in running if not _answered(call, each, received.at)}
        since = received.at if _owed(received, call, still=since is not None) else None


def _owed(received: Received, call: Call, *, still: bool) -> bool:
    """Whether the caller waits for the agent behind this frame."""
    if received.sign is Sign.THINKING:
        return True
    if received.sign is Sign.CALLER_SAID and call.plan.wire is Wire.CALL_STREAM:  # it has no sign for thinking
        return received.text.strip(".,!? ").lower() not in BACKCHANNELS
    answers = (Sign.TROUBLE, Sign.AUDIO, Sign.CALLER_STARTED, Sign.REPLY_OVER, Sign.AGENT_SAID)
    return still and received.sign not in answers


def _answered(call: Call, call_id: str, now: Seconds) -> bool:
    return call_id in call.tool_answers and call.tool_answers[call_id][0] <= now


def _unseen_work(outcome: Outcome) -> Seconds:
    """How long work may keep the caller waiting that this wire has no word for."""
    call = outcome.call
    if call is None or call.plan.wire is Wire.DEEPGRAM:
        return 0.0
    failed = MODEL_PATIENCE  # no warning: the line that stands for the answer has a voice of its own to wait for
    if call.plan.wire is Wire.EARLY_ACCESS:
        return failed
    rounds = sum(bool(answer.tools) for answer in outcome.case.answers)
    return failed + rounds * (
        TOOL_PATIENCE if call.plan.answering.never else call.plan.answering.after + MODEL_PATIENCE
    )
