"""How a rule dialogue says an order, and what it costs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from duologue.think.rule_book import RuleBook, Value
from duologue.think.spoken_numbers import say_number
from duologue.think.understanding import Filled


def describe_item(book: RuleBook, item: Mapping[str, Filled]) -> tuple[str, float]:
    """An item in words ("two large lattes with oat milk") and its price."""
    count = next(
        (item[n].number or 1 for n, s in book.slots.items() if s.number and s.number.per_item and n in item), 1
    )
    parts = _parts(book, book.describe or tuple(f"{{{name}}}" for name in book.slots), item, count)
    extras = _parts(book, book.extras, item, count)
    text = " ".join(parts)
    counted = any(slot.number and slot.number.per_item for slot in book.slots.values())
    if text and counted and count == 1 and not re.match(r"(a|an|one|the)\b", text):
        text = f"{'an' if text[0] in 'aeiou' else 'a'} {text}"
    if extras:
        text = f"{text} {book.extras_word} {join_words(extras)}"
    price = sum(value.price for name in item if (value := _value(book, name, item[name])) is not None)
    return text, price * count


def join_words(parts: Sequence[str]) -> str:
    """`"a"`, `"a and b"`, `"a, b and c"`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else ""


def _parts(book: RuleBook, templates: Sequence[str], item: Mapping[str, Filled], count: int) -> list[str]:
    said = {name: _say(book, name, item[name], count) for name in item}
    parts = []
    for template in templates:
        names = re.findall(r"\{(\w+)\}", template)
        if all(said.get(name) for name in names):
            parts.append(re.sub(r"\{(\w+)\}", lambda found: said[found.group(1)], template))
    return parts


def _say(book: RuleBook, name: str, filled: Filled, count: int) -> str:
    slot = book.slots[name]
    if filled.number is not None and slot.number is not None:
        if slot.number.per_item and filled.number == 1:
            return ""
        return slot.number.say.replace("{number}", say_number(filled.number))
    value = _value(book, name, filled)
    if value is None:
        return filled.words
    if value.say == "":
        return ""
    if count > 1 and value.plural:
        return value.plural
    # The words of an answer such as "yes" are no name of anything.
    if value.as_said and any(word in filled.words.split() for word in value.value.split()):
        return filled.words
    return value.say if value.say is not None else value.value


def _value(book: RuleBook, name: str, filled: Filled) -> Value | None:
    return next((value for value in book.slots[name].values if value.value == filled.value), None)
