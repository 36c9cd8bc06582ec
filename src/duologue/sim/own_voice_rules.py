"""Rules about whose turn it was, held against what the caller's mouth really did: the caller's are answered, our own voice is nobody's."""

from __future__ import annotations

from collections.abc import Iterator

from duologue.agent.notices import AgentSaid, AgentThinking, CallerSaid, CallerStartedSpeaking, Failed, Interrupted
from duologue.audio.formats import LISTEN_RATE, Samples
from duologue.listen.events import Progressed, TurnEnded, TurnStarted, TurnUpdated
from duologue.runtime.machine import Seconds
from duologue.sim.breach import Breach
from duologue.sim.caller import Call
from duologue.sim.session_rules import is_over, notices
from duologue.sim.world import Outcome

EDGE: Seconds = 0.15
"""Frames, steps of the detector and what an utterance trails behind it."""


def caller_spoke(call: Call, start: Samples, end: Samples) -> bool:
    """Whether the caller's mouth made a sound in this stretch of what they sent."""
    since, until = (call.began + position / LISTEN_RATE for position in (start, end))
    return any(
        step.began < until + EDGE and since - EDGE < step.ended for step in call.steps if step.ended > step.began
    )


def check_own_voice(outcome: Outcome) -> Iterator[Breach]:
    """The agent is never interrupted by its own voice, and never answers it."""
    call = outcome.call
    if call is None:
        return
    start: Samples = 0
    for step in outcome.trace.steps:
        event = step.event
        if isinstance(event, TurnStarted):
            start = event.speech_start
        elif isinstance(event, Progressed | TurnUpdated | TurnEnded):
            end = event.speech_end if isinstance(event, TurnEnded) else event.position
            told = [notice for notice in notices(step) if isinstance(notice, Interrupted | CallerSaid)]
            if told and not caller_spoke(call, start, end):
                yield Breach("own voice", f"{type(told[0]).__name__} by the agent's own voice", step.now)


def check_every_turn_answered(outcome: Outcome) -> Iterator[Breach]:
    """Every finished turn is followed by a reply, an interruption or an end; and by the caller's words at once."""
    call = outcome.call
    waiting: list[Seconds] = []
    start: Samples = 0
    for step in outcome.trace.steps:
        told = notices(step)
        if isinstance(step.event, TurnStarted):
            start = step.event.speech_start
        if isinstance(step.event, TurnEnded) and step.event.text.strip() and not is_over(step):
            if call is not None and not caller_spoke(call, start, step.event.speech_end):
                continue  # our own voice came back: nobody's turn
            if not any(isinstance(notice, CallerSaid) for notice in told):
                yield Breach("every turn answered", f"{step.event.text!r} was not told", step.now)
            elif not any(isinstance(notice, CallerSaid) and notice.backchannel for notice in told):
                waiting.append(step.now)
        signs = (AgentThinking, AgentSaid, CallerStartedSpeaking, Failed)
        if any(isinstance(notice, signs) for notice in told) or is_over(step):
            waiting.clear()
    if waiting and call is not None and call.ended - waiting[0] > 40.0:
        yield Breach("every turn answered", "nothing followed", waiting[0])
