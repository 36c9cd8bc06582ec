"""The think side of a reply: rounds of requests, text and tool calls as they come, the next round when all calls are settled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from duologue.agent.acting import Acting, action_specs, with_actions
from duologue.agent.commands import CallTool, CancelTool, Expect, StopGenerating
from duologue.agent.events import CompletionReceived
from duologue.agent.history import Line
from duologue.agent.notices import RequestedTool, ToolAnswered, ToolsRequested, ToolsWithdrawn, Warned
from duologue.agent.reply import Reply
from duologue.agent.talk import Talk
from duologue.agent.toolbox import CallState, LedgerEntry
from duologue.agent.watchdog import Owed
from duologue.runtime.machine import Seconds
from duologue.think.completion import CallDelta, Finish, ProviderFailed, TextDelta
from duologue.think.messages import Speaker, ToolCall, ToolResult, ToolSpec

TOLD_CHARACTERS = 300
"""Of a failed tool's result, in the warning."""


class Thinking:
    """Asks, reads and calls for the reply at hand."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._acting = Acting(talk)
        self._actions = action_specs(talk.settings.actions)

    def ask(self, reply: Reply, now: Seconds, hint: str = "") -> None:
        """Begin the next round: the request holds the conversation, for a draft what is not yet part of it, and last the `hint`."""
        talk = self._talk
        think = with_actions(talk.settings.think, self._actions)
        further: list[Line] = []
        if reply.draft_for is not None:
            further = [Line(Speaker.USER, reply.draft_for), *(place.line for place in reply.rounds)]
        if hint:
            further.append(Line(Speaker.SYSTEM, hint))
        messages = talk.history.request(self._prompt(), further, think.context_length)
        line = reply.open_round()
        if not reply.draft:
            talk.history.add(line)
        reply.latencies.ask(now)
        reply.asked_with = think
        reply.generating = True
        talk.watchdog.owe(Owed.MODEL, now)
        talk.out.extend(talk.responder.ask(reply.number, reply.round, messages, think))

    def _prompt(self) -> str:
        return self._talk.settings.think.prompt[: self._talk.settings.limits.prompt_characters]

    def read(self, reply: Reply, event: CompletionReceived, now: Seconds) -> None:
        """A piece of the completion came."""
        talk = self._talk
        talk.watchdog.owe(Owed.MODEL, now)
        match event.event:
            case TextDelta(text):
                reply.latencies.write(now, text=True)
                self._write(reply, text)
            case CallDelta():
                reply.latencies.write(now, text=False)
            case ToolCall() as call:
                reply.latencies.write(now, text=False)
                reply.requested.append(call)
            case ProviderFailed(provider, message, lasting):
                self._warn_of(f"{provider}: {message}", lasting=lasting, told=not reply.draft)
            case Finish(choice=choice):
                self._end_round(reply, choice, now)

    def _warn_of(self, trouble: str, *, lasting: bool, told: bool) -> None:
        """Warn of a provider; of what will never be otherwise only once."""
        if told and trouble not in self._talk.known_troubles:
            self._talk.tell(Warned("think_request_failed", trouble))
            if lasting:
                self._talk.known_troubles.add(trouble)

    def _write(self, reply: Reply, text: str) -> None:
        limit = self._talk.settings.limits.reply_characters
        reply.write(text[: max(0, limit - len(reply.text))])
        if len(reply.text) >= limit:
            self.stop(reply)
            self._talk.tell(Warned("reply_too_long", f"a reply was cut after {limit} characters"))
            self.close(reply)

    def _end_round(self, reply: Reply, choice: int, now: Seconds) -> None:
        reply.generating = False
        self._talk.watchdog.settle(Owed.MODEL)
        reply.flush()
        if reply.requested:
            self._make_calls(reply, choice, now)
            self.advance(reply, now)
        else:
            self.close(reply)

    def stop(self, reply: Reply) -> None:
        """The model need not go on."""
        if reply.generating:
            reply.generating = False
            self._talk.out.append(StopGenerating(reply.number))
        self._talk.watchdog.settle(Owed.MODEL)

    def close(self, reply: Reply) -> None:
        """The reply has all its text."""
        reply.close()
        if not reply.draft:
            self.expect()

    def expect(self) -> None:
        """Tell the listener what answer the agent now waits for, when that changes."""
        talk = self._talk
        expects = talk.responder.expects(talk.history.messages(), talk.settings.think)
        options = expects or talk.settings.listen.options
        if options != talk.expected:
            talk.expected = options
            talk.out.append(Expect(options))

    # Tools.

    def _make_calls(self, reply: Reply, choice: int, now: Seconds) -> None:
        """Make the calls of a round that entry number `choice` of the fallback list wrote."""
        talk = self._talk
        specs = {spec.name: spec for spec in _offered(reply, choice)}
        line = reply.rounds[-1].line
        made = []
        for requested in reply.requested:
            call = self._named(requested)
            spec = specs.get(call.name)
            reply.tools_made += 1
            hold = reply.draft and spec is not None and spec.defer_until_end
            own = any(spec is action for action in self._actions)
            entry = talk.toolbox.enter(call, spec, reply.number, line, hold=hold, own=own)
            if spec is None:
                self._refuse(entry, "unknown_tool", f"there is no tool called {call.name!r}")
            elif reply.tools_made > talk.settings.limits.tools_per_reply:
                most = talk.settings.limits.tools_per_reply
                self._refuse(entry, "too_many_tools", f"a reply may call at most {most} tools")
            elif not hold:
                made.append(entry)
        reply.requested.clear()
        self._start(made, now)

    def _named(self, call: ToolCall) -> ToolCall:
        """The call under an id of its own: some models count calls from 0 in every answer."""
        if call.id and not self._talk.toolbox.knows(call.id):
            return call
        return ToolCall(f"call_{self._talk.ids.uuid()}", call.name, call.arguments)

    def _refuse(self, entry: LedgerEntry, code: str, why: str) -> None:
        self._talk.toolbox.settle(ToolResult(entry.call.id, entry.call.name, why, error=True))
        self._talk.tell(Warned(code, why))

    def _start(self, entries: Iterable[LedgerEntry], now: Seconds) -> None:
        started = list(entries)
        if not started:
            return
        for entry in started:
            self._talk.toolbox.start(entry, now)
        self._talk.tell(ToolsRequested(tuple(RequestedTool(entry.call, entry.client_side) for entry in started)))
        for entry in started:
            if entry.spec is not None and not entry.client_side and not entry.own:
                self._talk.out.append(CallTool(entry.call, entry.spec))
        for entry in started:
            reply = self._talk.reply
            result = self._acting.perform(entry, reply) if entry.own and reply is not None else None
            if result is not None:
                self.answer(result, now)

    def start_held(self, reply: Reply, now: Seconds) -> None:
        """The draft is committed: make the calls that waited for that."""
        self._start((e for e in self._talk.toolbox.of(reply.number) if e.state is CallState.HELD), now)
        self.advance(reply, now)

    def answer(self, result: ToolResult, now: Seconds) -> None:
        """A tool returned. A result for a reply that is over is recorded and starts nothing."""
        talk = self._talk
        if not talk.toolbox.knows(result.call_id):
            talk.tell(Warned("unknown_tool_call", f"no tool was called with the id {result.call_id!r}"))
            return
        entry = talk.toolbox.settle(result)
        if entry is None:
            talk.late_facts += 1
            return
        limit = talk.settings.limits.tool_result_characters
        if len(result.content) > limit:
            talk.tell(Warned("tool_result_too_long", f"the result of {entry.call.name} was cut to {limit} characters"))
        if result.error and not entry.client_side and not entry.own:
            talk.tell(Warned("tool_failed", result.content[:TOLD_CHARACTERS]))
        self._report(entry, now)

    def expire(self, now: Seconds) -> None:
        """Calls that were not answered in time get an error as their result."""
        for entry in self._talk.toolbox.take_overdue(now):
            if not entry.client_side:
                self._talk.out.append(CancelTool(entry.call.id))
            self._talk.tell(Warned("tool_timed_out", entry.result.content if entry.result else ""))
            self._report(entry, now)

    def _report(self, entry: LedgerEntry, now: Seconds) -> None:
        if entry.result is not None:
            self._talk.tell(ToolAnswered(entry.call, entry.result, entry.client_side))
        reply = self._talk.reply
        if reply is not None and reply.number == entry.reply:
            self.advance(reply, now)

    def advance(self, reply: Reply, now: Seconds) -> None:
        """Ask for the next round once all calls of this one are settled. Behind an end of the call there is none."""
        talk = self._talk
        waits = any(entry is not talk.parting.planned for entry in talk.toolbox.of(reply.number))
        if reply.generating or reply.utterance.closed or waits:
            return
        if talk.parting.follows(reply.number):
            self.close(reply)
        elif reply.round >= talk.settings.limits.rounds_per_reply:
            most = talk.settings.limits.rounds_per_reply
            talk.tell(Warned("too_many_rounds", f"a reply ended after {most} rounds of tool calls"))
            self.close(reply)
        else:
            self.ask(reply, now)

    def withdraw(self, entries: Iterable[LedgerEntry]) -> None:
        """Nobody waits for these calls any more."""
        made = self._talk.toolbox.withdraw(entries)
        for entry in made:
            if not entry.client_side and not entry.own:
                self._talk.out.append(CancelTool(entry.call.id))
        if made:
            self._talk.tell(ToolsWithdrawn(tuple(entry.call for entry in made)))


def _offered(reply: Reply, choice: int) -> Sequence[ToolSpec]:
    """The tools that an entry of the fallback list was given."""
    think = reply.asked_with
    own = think.choices[choice].tools if choice < len(think.choices) else None
    return think.tools if own is None else own
