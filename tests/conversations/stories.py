"""The conversations everybody should have read once. Each is a script: times in seconds, what happens, and nothing else.

`logs/` holds what comes of them, `docs/conversations.md` shows it: `python docs/generate_conversations.py` writes both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from duologue.agent.events import CallerLeft, CompletionReceived, Manner, MessageInjected, PromptChanged
from duologue.agent.responder import ModelResponder
from duologue.agent.settings import AgentSettings, IdlePolicy, KeypadPolicy, LimitsPolicy, SpeakSettings, ThinkSettings
from duologue.listen.hypothesis import CaptureMode, ListenOptions
from duologue.speak.speech import SpeakOptions
from duologue.think.completion import ModelChoice, ProviderFailed
from duologue.think.messages import Endpoint, Speaker, ToolCall, ToolSpec
from tests.conversations.call import Answer, Call, Voice
from tests.conversations.ears import listen_to


def barge_in_at_every_stage() -> Call:
    """A caller who never lets the agent finish: while an answer is drafted, before its first word, in the middle of a sentence, and when
    everything has been sent but not heard. Only a cough changes nothing.
    """
    call = Call(
        answers=[
            Answer("What would you like?", after=0.1),
            Answer("Small, medium or large?", after=1.0),
            "We have small, medium and large. Large is one dollar more. Which one?",
            "A large latte. Anything else?",
            "That is four dollars. Thank you.",
        ]
    )
    call.starts(0.5)  # while an answer is being drafted
    call.eager(1.0, "I want a")
    call.resumes(1.3)
    call.eager(2.0, "I want a latte")
    call.ends(2.3, "I want a latte")
    call.starts(2.6)  # before the first word
    call.voice(2.8, 0.20)
    call.ends(3.4, "please")
    call.starts(4.0)  # a cough
    call.voice(4.1, 0.05)
    call.ends(4.6, "")
    call.starts(5.4)  # in the middle of a sentence
    call.voice(5.6, 0.20)
    call.ends(6.2, "a large one")
    call.starts(7.3)  # everything is sent, and sounds
    call.voice(7.5, 0.20)
    call.ends(8.2, "no that is all")
    call.until(14.0)
    return call


def backchannel() -> Call:
    """ "Mm-hmm" over the agent's speech takes no turn: the agent goes on. Said after a question, the same kind of word is an answer."""
    call = Call(
        answers=["Your order is a large latte with oat milk, to take away. Shall I order it?", "It is ordered."]
    )
    call.says(1.0, "what did I order")
    call.starts(2.2)
    call.voice(2.3, 0.12)
    call.ends(2.8, "Mm-hmm.")
    call.starts(6.6)
    call.voice(6.8, 0.18)
    call.ends(7.2, "Yeah.")
    call.until(12.0)
    return call


def asks_for_a_number(messages: object, think: object) -> ListenOptions | None:
    """While the agent waits for a number, digits are expected."""
    return ListenOptions(capture=CaptureMode.DIGITS)


def hesitation_inside_a_phone_number() -> Call:
    """The agent asked for a phone number; the caller stops for a second in its middle. The turns are decided by our own detector, on
    a scripted voice: three digits are no number, so it waits; seven are, so it answers 0.4 s after the last.
    """
    call = Call(
        AgentSettings(greeting="Your phone number, please?"),
        answers=["Five five five, and then?", "Five five five, zero one nine nine. Thank you."],
        responder=ModelResponder(asks_for_a_number),
    )
    script = "2.0-3.0 five five five; 4.0-5.2 zero one nine nine"
    for at, event in listen_to(script, 10.0, ListenOptions(capture=CaptureMode.DIGITS)):
        call.feed(event, at)
    call.until(12.0)
    return call


WEATHER = ToolCall("call_1", "weather", '{"city":"Delft"}')
TRAINS = ToolCall("call_2", "trains", '{"from":"Delft"}')
BOTH = AgentSettings(
    think=ThinkSettings(tools=(ToolSpec("weather"), ToolSpec("trains", endpoint=Endpoint("https://tools.example/")))),
    limits=LimitsPolicy(tool_timeout=30.0),
)


def two_tools_one_late() -> Call:
    """Two tools at once, one run by the client and one by the server. One is late: the caller asks meanwhile, the agent answers without
    calling it again, and its result, when it comes, is kept and used for the next answer. Each has exactly one result.
    """
    call = Call(
        BOTH,
        answers=[
            Answer("Let me look.", calls=[WEATHER, TRAINS]),
            "The trains are being looked up. It is sunny.",
            "The next train leaves at noon.",
        ],
    )
    call.says(1.0, "how is the weather, and when is the next train?")
    call.tool(1.8, "call_1", "sunny")
    call.starts(3.0)
    call.voice(3.2, 0.2)
    call.ends(4.0, "hello?")
    call.tool(7.0, "call_2", "12:00")
    call.tool(7.1, "call_2", "12:00, once more")
    call.says(9.0, "and the train?")
    call.until(14.0)
    return call


def tool_result_after_hang_up() -> Call:
    """The caller hangs up while two tools run. The one on the server is given up; what comes later changes nothing."""
    call = Call(BOTH, answers=[Answer(calls=[WEATHER, TRAINS])])
    call.says(1.0, "how is the weather, and when is the next train?")
    call.feed(CallerLeft(), 2.0)
    call.tool(3.0, "call_1", "sunny")
    call.tool(4.0, "call_2", "12:00")
    call.until(60.0)
    return call


def line(text: str, manner: Manner) -> MessageInjected:
    return MessageInjected(Speaker.ASSISTANT, text, manner)


def injection_while_speaking() -> Call:
    """The client's program has lines for the agent while it speaks: one is refused, one waits for its turn, one replaces what is being
    said. Then it types a line for the caller, which interrupts as a voice would.
    """
    call = Call(answers=["We are open from nine to five, every day but Sunday. On Sunday we sleep.", "Goodbye then."])
    call.says(1.0, "when are you open?")
    call.feed(line("By the way.", Manner.DEFAULT), 1.5)
    call.feed(line("You can book online.", Manner.QUEUE), 1.6)
    call.feed(line("Please leave the building now.", Manner.INTERRUPT), 3.0)
    call.feed(MessageInjected(Speaker.USER, "bye"), 6.5)
    call.until(12.0)
    return call


def prompt_change_in_the_middle() -> Call:
    """The client changes the prompt while the agent answers: the answer under way is not touched, the next one obeys. Early-access clients
    add to the prompt instead.
    """
    call = Call(
        AgentSettings(think=ThinkSettings(prompt="Be friendly.")),
        answers=["Good morning to you! How may I help you today?", "Nine.", "Nine, sir."],
    )
    call.says(1.0, "hello")
    call.feed(PromptChanged("Answer with one word."), 1.05)
    call.says(5.5, "when do you open?")
    call.feed(PromptChanged("Say sir.", append=True), 6.5)
    call.says(8.5, "when?")
    call.until(12.0)
    return call


def model_that_hangs() -> Call:
    """The only model there is says nothing. The client is warned after four seconds; after ten the caller hears a line and tries again."""
    call = Call(answers=[Answer(hangs=True), "At noon."])
    call.says(1.0, "when is the next train?")
    call.says(17.0, "when is the next train?")
    call.until(20.0)
    return call


def model_that_fails_over() -> Call:
    """Two models in a list. The first breaks off in the middle of its answer; the second is given what was said and writes the rest. The
    caller hears one sentence after the other.
    """
    think = ThinkSettings(
        choices=(ModelChoice("open_ai", "gpt-4o"), ModelChoice("anthropic", "claude-3-5-haiku-latest"))
    )
    call = Call(
        AgentSettings(think=think),
        answers=[Answer("The next train leaves at noon. It goes to Leiden, where you change.", every=0.25)],
    )
    call.says(1.0, "when is the next train?")
    call.feed(CompletionReceived(1, 1, ProviderFailed("open_ai", "broke off (server_error)")), 2.5)
    call.until(10.0)
    return call


def voice_that_dies() -> Call:
    """The voice dies in the middle of an answer and nobody can take over: the caller hears what there is, the client is warned, and the
    history holds what was heard. Then it is back.
    """
    call = Call(
        AgentSettings(speak=SpeakSettings((SpeakOptions(voice="tina"), SpeakOptions(voice="bob")))),
        answers=["The next train leaves at noon. It goes to Leiden.", "At noon, to Leiden."],
        voice=Voice(dies_at=2),
    )
    call.says(1.0, "when is the next train?")
    call.until(6.0)
    call.says(8.0, "say that again?")
    call.until(12.0)
    return call


def silent_for_a_minute() -> Call:
    """Nobody says anything. The agent asks once, and hangs up after a minute."""
    idle = IdlePolicy(check_in_after=20.0, hang_up_after=60.0)
    call = Call(AgentSettings(greeting="Good morning, how can I help?", idle=idle))
    call.until(120.0)
    return call


def keys_of_the_telephone() -> Call:
    """The caller enters a number over the greeting and ends it with the hash key: the keys stop the agent like a voice would, and are one
    turn.
    """
    call = Call(
        AgentSettings(
            greeting="Please enter your account number, then the hash key.",
            keypad=KeypadPolicy(said_as="(keys: {keys})"),
        ),
        answers=["Thank you, Ada."],
    )
    call.presses(1.0, "4711#")
    call.until(5.0)
    return call


def echoing_line() -> Call:
    """The caller's microphone hears their loudspeaker: the agent's own voice comes back 0.2 s later, and who only listens takes it for a
    turn. It does not interrupt, and its words are not answered. When the caller does talk over it the agent stops, and of the turn only
    their words count.
    """
    call = Call(
        AgentSettings(greeting="Good morning. What can I do for you today, madam or sir?"), ["Not on Sundays. Goodbye."]
    )
    call.starts(0.4, own=0.95)
    call.voice(0.5, 0.2, own=0.97)
    call.words(0.8, "good morning", (0.3, 0.6))
    call.voice(0.9, 0.6, own=0.93)
    call.ends(1.4, "good morning", (0.3, 0.6))
    call.starts(1.7, own=0.9)
    call.voice(1.8, 0.2, own=0.96)
    call.voice(1.9, 0.3, own=0.94)
    call.voice(2.0, 0.4, own=0.61)  # the caller begins
    call.voice(2.1, 0.5, own=0.32)
    call.voice(2.2, 0.6)
    call.ends(3.2, "what can are you open", (1.6, 1.75, 2.0, 2.3, 2.5))
    call.starts(3.7, own=0.98)
    call.voice(3.8, 0.2, own=0.98)
    call.ends(5.6, "not on sundays", (3.5, 3.8, 4.1))
    call.until(9.0)
    return call


STORIES: Mapping[str, Callable[[], Call]] = {
    "Barge-in at every stage": barge_in_at_every_stage,
    "A sign of listening": backchannel,
    "Hesitation inside a phone number": hesitation_inside_a_phone_number,
    "Two tools in parallel, one late": two_tools_one_late,
    "A tool's result after the caller hung up": tool_result_after_hang_up,
    "Lines of the client's while the agent speaks": injection_while_speaking,
    "Another prompt in the middle of a call": prompt_change_in_the_middle,
    "A model that hangs": model_that_hangs,
    "A model that fails, and one that goes on": model_that_fails_over,
    "A voice that dies": voice_that_dies,
    "A caller who is silent for a minute": silent_for_a_minute,
    "Keys of the telephone": keys_of_the_telephone,
    "A line with an echo": echoing_line,
}
"""Title and conversation, in the order of the page."""
