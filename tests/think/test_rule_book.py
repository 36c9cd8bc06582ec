"""The document of a rule dialogue: the example of the documentation works, and mistakes are explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from duologue.errors import Violation
from duologue.think.rule_book import (
    MAX_BYTES,
    Lines,
    Number,
    RuleBook,
    Slot,
    Talk,
    Value,
    load_rule_book,
    read_rule_book,
)
from duologue.think.rules import RulesDialogue
from tests.think.conversing import play

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "rules.md"


def booking() -> RulesDialogue:
    found = re.search(r"```toml\n(.*?)```", DOCUMENTATION.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return RulesDialogue(read_rule_book(found.group(1)))


def test_the_example_of_the_documentation_books_a_table() -> None:
    play(
        booking(),
        """
        > hello, could I book a table for four on Friday please
        < At what time?
        > seven thirty
        < What name should I put it under?
        > where are you
        < We are at the old harbour, pier three. What name should I put it under?
        > Miller
        < So that is a table for four on Friday at half past seven under the name Miller. Is that right?
        > no, for five people
        < So that is a table for five on Friday at half past seven under the name Miller. Is that right?
        > yes that's right
        < Wonderful, we look forward to seeing you. Is there anything else?
        > no thank you
        < Goodbye!
        """,
    )


def test_a_bare_number_answers_the_question_that_was_asked() -> None:
    play(
        booking(),
        """
        > a table please
        < For how many people?
        > six
        < On which day?
        > tonight
        < At what time?
        > six
        < What name should I put it under?
        """,
    )


def test_free_text_switches_the_grammar_off() -> None:
    assert booking().grammar() == ""
    assert booking().keyterms()[0] == "table"


def test_every_member_is_documented() -> None:
    text = DOCUMENTATION.read_text("utf-8")
    names = {name for kind in (RuleBook, Slot, Value, Number, Lines, Talk) for name in kind.__struct_fields__}
    assert {name for name in names if f"`{name}" not in text} == set()


SMALL = 'title = "t"\n[slots.a]\nplace = "key"\nvalues = [{ value = "x" }]\n'


@pytest.mark.parametrize(
    ("document", "mistake"),
    [
        ("title = ", "is not TOML"),
        ('title = "t"', "missing required field `slots`"),
        (
            SMALL + "[lines]\ngreting = 'hi'",
            r"^lines: .*unknown field `greting`; expected 'greeting', perhaps\. See docs/rules\.md",
        ),
        (SMALL + "[slots.b]\nplace = 'left'\ntext = true", r"^slots\[\.\.\.\]\.place: .*Invalid enum value 'left'"),
        (
            SMALL + "[slots.b]\nplace = 'key'\nask = 'b?'\ntext = true",
            r'2 slots have place = "key"; expected exactly one',
        ),
        (SMALL + "[slots.b]", r"^slots\.b: .*one kind of thing; expected either values, number or text"),
        (SMALL + "[slots.b]\ntext = true", r"^slots\.b\.ask: "),
        (SMALL + "[slots.'B b']\nask='b'\ntext = true", "no name for a slot"),
        ("describe = ['{aa}']\n" + SMALL, r"^describe\[0\]: .*names no slot; expected 'a', perhaps"),
        ("items_per_turn = 9\n" + SMALL, "expected 1 to 3"),
        ("#" * MAX_BYTES + "\n" + SMALL, "longer than 256 KiB"),
        (SMALL.replace("}", ', phrases = "(x" }'), r"^slots\.a\.values\[0\]\.phrases: .*not closed"),
        (SMALL.replace("}", ', phrases = "<y>" }'), "no rule <y>"),
        (SMALL + "[talk]\nyes = '|'", r"^talk\.yes: an empty alternative"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_a_remedy(document: str, mistake: str) -> None:
    with pytest.raises(Violation, match=mistake):
        RulesDialogue(read_rule_book(document, "mine.toml"))


def test_a_file_that_is_not_there_is_a_mistake_too(tmp_path: Path) -> None:
    with pytest.raises(Violation, match=r"none\.toml cannot be read"):
        load_rule_book(tmp_path / "none.toml")
    (tmp_path / "some.toml").write_text(SMALL)
    assert load_rule_book(tmp_path / "some.toml").key == "a"
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(Violation, match="it is not text"):
        load_rule_book(tmp_path / "bytes.toml")
