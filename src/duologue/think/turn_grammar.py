"""The grammar of whole turns: how callers put the parts of a rule dialogue together.

A recogniser pays for every place a word can stand and for every word that can follow another, so the grammar is built to be small:
what comes before the key word, the key word, what comes after it, each written once; alternatives that begin alike share the
beginning. Hesitations are left out: recognisers skip them by themselves. On the packaged coffee order this takes a tenth of the time
of a loop over the same phrases, and gets more slots right.
Understanding is wider: it finds the parts in any order (`understanding.py`), for recognisers that take no grammar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from duologue.think.jsgf import Choice, Maybe, Node, Reference, Repeat, Series
from duologue.think.rule_book import RuleBook

TURN = "turn"
"""The public rule."""

_ALONE = ("yes", "no", "thanks", "repeat", "help", "cancel", "goodbye")
"""Acts that can be all a caller says."""

_BEFORE_AN_ORDER = ("opening", "price", "correction", "negation", "more")


def turn_rules(book: RuleBook, parts: Mapping[str, Node]) -> dict[str, Node]:
    """`parts` (`slot_...`, `answer_...`, `topic_...`, `talk_...`) and the rules of turns made of them."""
    said = [name for name in book.slots if f"slot_{name}" in parts]
    before: list[Node] = [Reference(f"slot_{name}") for name in said if book.slots[name].place == "before"]
    after: list[Node] = [Reference(f"slot_{name}") for name in said if book.slots[name].place == "after"]
    counts: list[Node] = [
        Reference(slot.number.rule) for slot in book.slots.values() if slot.number is not None and slot.number.per_item
    ]
    ahead: list[Node] = [Maybe(one_of([Reference("talk_article"), *counts])), Maybe(Reference(f"slot_{book.key}"))]
    if before:
        ahead.insert(1, _any_number(before))
    order: list[Node] = [Series(tuple(ahead))]
    if after:
        # The answer to a question comes without a link: "oat milk and sugar".
        order = [Choice((order[0], one_of(after))), _any_number([Series((Reference("talk_link"), one_of(after)))])]
    further = Maybe(Series((Reference("talk_joiner"), Reference("order"))))
    alone = [Reference(f"talk_{name}") for name in _ALONE]
    alone += [Reference(name) for name in parts if name.startswith(("topic_", "answer_"))]
    return {
        **{name: share_beginnings(node) for name, node in parts.items()},
        "lead": Series(
            (
                Maybe(one_of([Reference("talk_yes"), Reference("talk_no")])),
                Maybe(one_of([Reference(f"talk_{name}") for name in _BEFORE_AN_ORDER])),
            )
        ),
        "order": Series(tuple(order)),
        "orders": Series((Reference("order"), *([further] * (book.items_per_turn - 1)))),
        TURN: Choice(
            (
                Series((Reference("lead"), Reference("orders"), Maybe(Reference("talk_polite")))),
                one_of(alone),
            )
        ),
    }


def one_of(nodes: Sequence[Node]) -> Node:
    """A choice, or the node itself where there is but one."""
    return nodes[0] if len(nodes) == 1 else Choice(tuple(nodes))


def share_beginnings(node: Node) -> Node:
    """The same meaning with alternatives that begin alike written once: `a b | a c` becomes `a (b | c)`."""
    if not isinstance(node, Choice):
        return node
    groups: dict[Node, list[Node]] = {}
    for part in _alternatives(node):
        groups.setdefault(part.parts[0] if isinstance(part, Series) else part, []).append(part)
    shared: list[Node] = []
    for beginning, parts in groups.items():
        longer = [part for part in parts if isinstance(part, Series)]
        if len(longer) < 2:
            shared.extend(dict.fromkeys(parts))
            continue
        rest = share_beginnings(one_of([_rest(part) for part in longer]))
        shared.append(Series((beginning, Maybe(rest) if len(longer) < len(parts) else rest)))
    return one_of(shared)


def _rest(series: Series) -> Node:
    return series.parts[1] if len(series.parts) == 2 else Series(series.parts[1:])


def _alternatives(node: Node) -> list[Node]:
    return [inner for part in node.parts for inner in _alternatives(part)] if isinstance(node, Choice) else [node]


def _any_number(nodes: Sequence[Node]) -> Node:
    return Repeat(one_of(nodes), at_least_once=False)
