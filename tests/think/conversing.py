"""Rule conversations in tests, written as scripts: `> caller`, `< agent`."""

from __future__ import annotations

from duologue.think.messages import Message, Speaker
from duologue.think.rules import RulesDialogue


def play(dialogue: RulesDialogue, script: str) -> list[Message]:
    """Checks every `<` line of a script against what the dialogue says; returns the messages."""
    messages = [Message(Speaker.ASSISTANT, dialogue.greeting)]
    said: list[str] = []
    expected: list[str] = []
    for line in (line.strip() for line in script.strip().splitlines()):
        if line.startswith(">"):
            messages.append(Message(Speaker.USER, line[1:].strip()))
            messages.append(Message(Speaker.ASSISTANT, dialogue.reply(messages).text))
            said += [line, f"< {messages[-1].text}"]
            expected.append(line)
        elif line:
            expected.append(line)
    assert "\n".join(said) == "\n".join(expected)
    return messages
