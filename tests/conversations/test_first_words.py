"""The plainest calls: a greeting, a question, an answer."""

from __future__ import annotations

from duologue.agent.settings import AgentSettings
from tests.conversations.call import Answer, Call
from tests.conversations.log_lines import script


def test_the_agent_greets_and_answers_in_the_order_clients_rely_on() -> None:
    call = Call(AgentSettings(greeting="Hello there."), ["I heard you well. What else do you want?"])
    call.says(3.0, "hello")
    call.until(10.0)
    assert call.log() == script(
        """
        0.00  synthesize 1.1 'Hello there.'
        0.10  AGENT SAYS 1 'Hello there.'
        0.10  AGENT SPEAKS 1
        0.10  play 1 0.60 s
        0.10  AGENT DONE 1
        2.00  CALLER SPEAKS
        3.00  CALLER SAID 'hello'
        3.00  generate 2.1 on 'hello'
        3.10  synthesize 2.1 'I heard you well.'
        3.10  synthesize 2.2 'What else do you want?'
        3.20  AGENT SAYS 2 'I heard you well.'
        3.20  AGENT SPEAKS 2
        3.20  play 2 1.20 s
        4.20  AGENT SAYS 2 'What else do you want?'
        4.20  play 2 1.50 s
        4.20  AGENT DONE 2
        """
    )
    assert call.history() == [
        "agent: Hello there.",
        "caller: hello",
        "agent: I heard you well. What else do you want?",
    ]


def test_a_slow_model_is_spoken_from_its_first_words_and_a_swift_one_by_sentences() -> None:
    sentence = "One two three four five six seven eight."
    slow = Call(answers=[Answer(sentence, every=0.05)])
    slow.says(1.0, "hello")
    slow.until(10.0)
    assert [line.split("synthesize ")[1] for line in slow.log().splitlines() if "synthesize" in line] == [
        "1.1 'One two three four'",
        "1.2 'five six seven eight.'",
    ]
    swift = Call(answers=[Answer(sentence, every=0.01)])
    swift.says(1.0, "hello")
    swift.until(10.0)
    assert swift.log().count("synthesize") == 1
    assert slow.history() == swift.history()
