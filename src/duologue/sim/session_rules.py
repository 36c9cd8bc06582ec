"""Rules about the session, read from the facts it was told and the commands it gave."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from duologue.agent.commands import ClearAudio, EndSession, Generate, Notify, PlayAudio, Synthesize
from duologue.agent.events import CompletionReceived, MessageInjected, ToolReturned
from duologue.agent.notices import (
    AgentFinishedSpeaking,
    AgentSaid,
    AgentThinking,
    Notice,
    ToolAnswered,
    ToolsRequested,
    ToolsWithdrawn,
)
from duologue.listen.events import TurnEagerEnded, TurnEnded, TurnResumed, TurnStarted
from duologue.runtime.machine import Seconds
from duologue.sim.breach import Breach
from duologue.sim.plan import Wire
from duologue.sim.wires import Sign
from duologue.sim.world import Outcome, SessionStep
from duologue.think.completion import TextDelta
from duologue.think.messages import Speaker, ToolCall

SLACK: Seconds = 0.1


def notices(step: SessionStep) -> list[Notice]:
    """What a step told the client."""
    return [command.notice for command in step.commands if isinstance(command, Notify)]


def check_silence_after_clear(outcome: Outcome) -> Iterator[Breach]:
    """No audio of a reply after it was cleared, none of an older reply after a newer one's, nothing after the end."""
    cleared: set[int] = set()
    last = 0
    ended = False
    for step in outcome.trace.steps:
        if ended and step.commands:
            yield Breach("silence after clear", f"{step.commands[0]!r} after the end", step.now)
        for command in step.commands:
            if isinstance(command, ClearAudio):
                cleared.add(command.reply)
            elif isinstance(command, PlayAudio):
                if command.reply in cleared:
                    yield Breach("silence after clear", f"audio of reply {command.reply}", step.now)
                if command.reply < last:
                    yield Breach("silence after clear", f"audio of {command.reply} after that of {last}", step.now)
                last = max(last, command.reply)
            elif isinstance(command, EndSession):
                ended = True


def check_ids_grow(outcome: Outcome) -> Iterator[Breach]:
    """Ids of one kind only grow."""
    rounds = (0, 0)
    phrases: dict[int, int] = {}
    for step in outcome.trace.steps:
        for command in step.commands:
            if isinstance(command, Generate):
                if (command.reply, command.round) <= rounds:
                    yield Breach("ids grow", f"round {command.reply}.{command.round} after {rounds}", step.now)
                rounds = (command.reply, command.round)
            elif isinstance(command, Synthesize):
                if command.phrase <= phrases.get(command.reply, 0) or command.reply < max(phrases, default=0):
                    yield Breach("ids grow", f"phrase {command.reply}.{command.phrase}", step.now)
                phrases[command.reply] = command.phrase


def check_lines(outcome: Outcome) -> Iterator[Breach]:
    """Every line of the agent is a prefix of something that was generated for a reply that was not discarded, or was given to it."""
    session = outcome.trace.session
    if session is None:
        return
    discarded = set(_fates(outcome)) - {reply for reply, committed in _fates(outcome).items() if committed}
    generated: dict[tuple[int, int], str] = {}
    texts = [session.settings.greeting, session.settings.fallback_line, session.settings.idle.check_in]
    for step in outcome.trace.steps:
        event = step.event
        if isinstance(event, CompletionReceived) and isinstance(event.event, TextDelta | ToolCall):
            key = (event.reply, event.round)
            generated[key] = generated.get(key, "") + _words_of(event.event)
        elif isinstance(event, MessageInjected):
            texts.append(event.text)
    texts += [text for (reply, _), text in generated.items() if reply not in discarded]
    plain = [" ".join(text.split()) for text in texts]
    for line in session.history.lines:
        said = " ".join(line.text.split())
        if line.speaker is Speaker.ASSISTANT and said and not any(text.startswith(said) for text in plain):
            yield Breach("lines", f"{line.text!r} was never generated")


def _words_of(piece: TextDelta | ToolCall) -> str:
    """What a piece of a completion has the agent say: an action may bring a line of its own."""
    if isinstance(piece, TextDelta):
        return piece.text
    said = json.loads(piece.arguments).get("say")
    return f" {said}" if said else ""


def _fates(outcome: Outcome) -> dict[int, bool]:
    """Of every draft, by its reply's number: whether it was committed."""
    fates: dict[int, bool] = {}
    current: int | None = None
    for step in outcome.trace.steps:
        begun = next((command.reply for command in step.commands if isinstance(command, Generate)), None)
        if isinstance(step.event, TurnEagerEnded) and begun is not None:
            fates[begun] = False
            current = begun
        elif current is not None and isinstance(step.event, TurnEnded):
            thinking = any(isinstance(notice, AgentThinking) for notice in notices(step))
            fates[current] = thinking and begun in (None, current)
            current = None
        elif isinstance(step.event, TurnResumed | TurnStarted) or begun not in (None, current):
            current = None
    return fates


def check_drafts(outcome: Outcome) -> Iterator[Breach]:
    """Nothing of a draft is told or played before it is committed, and nothing ever of a discarded one."""
    fates = _fates(outcome)
    committed: set[int] = set()
    for step in outcome.trace.steps:
        if isinstance(step.event, TurnEnded):
            committed |= {reply for reply, good in fates.items() if good and _begun_before(outcome, reply, step.now)}
        for command in step.commands:
            told = command.notice if isinstance(command, Notify) else command
            if isinstance(told, AgentSaid | PlayAudio) and told.reply in fates and told.reply not in committed:
                yield Breach("drafts", f"{type(told).__name__} of the draft {told.reply}", step.now)


def _begun_before(outcome: Outcome, reply: int, now: Seconds) -> bool:
    return any(
        isinstance(command, Generate) and command.reply == reply
        for step in outcome.trace.steps
        if step.now <= now
        for command in step.commands
    )


@dataclass(slots=True)
class _Calls:
    """What became of the calls the client was asked for, by their ids."""

    asked: dict[str, int] = field(default_factory=dict)
    """How often."""
    replies: dict[str, int] = field(default_factory=dict)
    """For which reply."""
    returned: dict[str, str] = field(default_factory=dict)
    """What the session was told first."""
    over: set[str] = field(default_factory=set)
    """Withdrawn or timed out: what comes later does not count."""

    def take(self, step: SessionStep) -> None:
        """One step of the session."""
        event = step.event
        if isinstance(event, ToolReturned) and event.result.call_id in self.asked:
            self.returned.setdefault(event.result.call_id, event.result.content)
        for notice in notices(step):
            if isinstance(notice, ToolsRequested):
                for tool in notice.tools:
                    self.asked[tool.call.id] = self.asked.get(tool.call.id, 0) + 1
                    if isinstance(event, CompletionReceived):
                        self.replies[tool.call.id] = event.reply
            elif isinstance(notice, ToolsWithdrawn):
                self.over |= {each.id for each in notice.calls} - set(self.returned)
            elif isinstance(notice, ToolAnswered) and notice.result.error:
                self.over.add(notice.call.id)


def follow_calls(outcome: Outcome) -> _Calls:
    """What became of the client's calls until the session ended."""
    calls = _Calls()
    for step in outcome.trace.steps:
        if not is_over(step):
            calls.take(step)
    return calls


def check_tools(outcome: Outcome) -> Iterator[Breach]:
    """Every call the client was asked for has exactly one result in the history: the client's where that came in time. Only calls of
    discarded drafts leave no trace.
    """
    session = outcome.trace.session
    if session is None:
        return
    calls = follow_calls(outcome)
    kept = {made.id: line.results.get(made.id) for line in session.history.lines for made in line.calls}
    discarded = {reply for reply, committed in _fates(outcome).items() if not committed}
    for call_id, times in calls.asked.items():
        if times > 1:
            yield Breach("tools", f"{call_id} was asked {times} times")
        if call_id not in kept and calls.replies.get(call_id) not in discarded:
            yield Breach("tools", f"{call_id} was asked and is not in the history")
    for call_id, result in kept.items():
        if result is None:
            yield Breach("tools", f"{call_id} has no result")
        elif call_id in calls.returned and call_id not in calls.over and result.content != calls.returned[call_id]:
            yield Breach("tools", f"the result of {call_id} was lost: {result.content!r}")


def check_tools_told(outcome: Outcome) -> Iterator[Breach]:
    """The client is told that its result stands in the history, and the session is told what the client answered."""
    call = outcome.call
    if call is None:
        return
    calls = follow_calls(outcome)
    told = {asked.id for received in call.signs(Sign.TOOLS_ANSWERED) for asked in received.calls}
    for call_id in sorted(set(calls.returned) - told - calls.over):
        if call.plan.wire is Wire.DEEPGRAM:  # the others have no word for it
            yield Breach("tools", f"the result of {call_id} was not told")
    for call_id, (at, _) in call.tool_answers.items():
        if at < call.ended - SLACK and call_id not in calls.returned and call_id not in calls.over:
            yield Breach("tools", f"the client answered {call_id} and the session was not told", at)


def check_ends_told(outcome: Outcome) -> Iterator[Breach]:
    """On the call stream the agent's turn ends once all of a reply was sent and heard."""
    call = outcome.call
    if call is None or call.plan.wire is not Wire.CALL_STREAM:
        return
    sent: dict[int, Seconds] = {}
    for step in outcome.trace.steps:
        for notice in notices(step):
            if isinstance(notice, AgentFinishedSpeaking):
                sent[notice.reply] = step.now
    heard_by = max([call.ear.silent_at, *sent.values()]) + SLACK + call.plan.loudspeaker_late + call.plan.reports_every
    ended = len(call.signs(Sign.REPLY_OVER))
    if heard_by < call.ended and ended < len(sent):
        yield Breach("order", f"{len(sent)} replies were sent and {ended} turns of the agent ended")


def is_over(step: SessionStep) -> bool:
    """The session ends in this step."""
    return any(isinstance(command, EndSession) for command in step.commands)
