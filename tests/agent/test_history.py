"""Who said what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from duologue.agent.history import PENDING_RESULT, History, Line, trim
from duologue.think.messages import Message, Speaker, ToolCall, ToolResult

CALL = ToolCall("a", "weather", "{}")


def user(text: str) -> Line:
    return Line(Speaker.USER, text)


def agent(text: str) -> Line:
    return Line(Speaker.ASSISTANT, text)


def test_a_line_cut_before_its_first_word_is_no_line() -> None:
    history = History()
    history.add(user("hello"))
    line = agent("Never heard.")
    history.add(line)
    line.cut_to(0)
    assert line.cut
    assert history.messages() == (Message(Speaker.USER, "hello"),)


def test_a_call_still_running_is_told_as_such_until_its_result_takes_the_place() -> None:
    line = Line(Speaker.ASSISTANT, "Let me see. ", calls=[CALL])
    assert [message.text for message in line.messages()] == ["Let me see.", PENDING_RESULT]
    line.results["a"] = ToolResult("a", "weather", "sunny")
    assert line.messages()[1] == Message(Speaker.TOOL, "sunny", call_id="a", name="weather")


def test_what_was_said_before_the_session_is_kept_with_its_tool_pairs() -> None:
    earlier = (
        Message(Speaker.USER, "weather?"),
        Message(Speaker.ASSISTANT, "", calls=(CALL,)),
        Message(Speaker.TOOL, "sunny", call_id="a", name="weather"),
        Message(Speaker.TOOL, "stray", call_id="b", name="time"),
    )
    assert History(earlier).messages() == earlier


def test_a_request_holds_prompt_conversation_and_what_is_not_yet_part_of_it() -> None:
    history = History([Message(Speaker.USER, "hello")])
    asked = history.request("Be kind.", [user("more")])
    assert [message.text for message in asked] == ["Be kind.", "hello", "more"]
    assert [message.text for message in history.request("")] == ["hello"]


def test_the_context_is_trimmed_by_whole_exchanges_tool_pairs_together() -> None:
    history = History()
    history.add(user("one"))
    history.add(Line(Speaker.ASSISTANT, "", calls=[CALL], results={"a": ToolResult("a", "weather", "x" * 50)}))
    history.add(agent("first"))
    history.add(user("two"))
    history.add(agent("second"))
    assert [message.text for message in history.request("", context_length=30)] == ["two", "second"]
    assert [message.text for message in history.request("", context_length=2)] == ["two", "second"]


def test_a_history_is_bounded_by_whole_exchanges() -> None:
    history = History(limit=6)
    for number in range(20):
        history.add(user(f"u{number}"))
        history.add(agent(f"a{number}"))
    assert [line.text for line in history.lines] == ["u17", "a17", "u18", "a18", "u19", "a19"]


def test_a_history_in_which_the_caller_never_speaks_is_bounded_too() -> None:
    history = History(limit=6)
    for number in range(20):
        history.add(agent(f"a{number}"))
    assert [line.text for line in history.lines] == [f"a{number}" for number in range(14, 20)]


@given(st.lists(st.tuples(st.booleans(), st.text(max_size=20)), max_size=30), st.integers(0, 100))
def test_trimming_keeps_the_end_and_begins_with_an_exchange(said: list[tuple[bool, str]], characters: int) -> None:
    lines = [user(text) if by_user else agent(text) for by_user, text in said]
    kept = trim(lines, characters)
    assert kept == lines[len(lines) - len(kept) :]
    assert len(kept) == len(lines) or kept[0].speaker is Speaker.USER
    exchanges = sum(line.speaker is Speaker.USER for line in kept[1:])
    assert sum(len(line.text) for line in kept) <= characters or exchanges == 0
