"""The grammar of whole turns: how callers put the parts of a rule dialogue together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from duologue.think.jsgf import Choice, Maybe, Node, Reference, Repeat, Series
from duologue.think.rule_book import RuleBook

TURN = "turn"
"""The public rule."""

_ALONE = ("yes", "no", "thanks", "repeat", "help", "cancel", "goodbye", "more")
"""Acts that can be all a caller says."""


def turn_rules(book: RuleBook, parts: Mapping[str, Node]) -> dict[str, Node]:
    """`parts` (`slot_...`, `answer_...`, `topic_...`, `talk_...`) and the rules of turns made of them."""
    said = [name for name in book.slots if f"slot_{name}" in parts]
    article, link, joiner = Reference("talk_article"), Reference("talk_link"), Maybe(Reference("talk_joiner"))
    before: list[Node] = [Reference(f"slot_{name}") for name in said if book.slots[name].place == "before"]
    after: list[Node] = [Reference(f"slot_{name}") for name in said if book.slots[name].place == "after"]
    if any(slot.number is not None and slot.number.per_item for slot in book.slots.values()):
        before.append(Reference("number"))
    item: list[Node] = [_any_number([*before, article]), Reference(f"slot_{book.key}")]
    if after:
        item.append(_any_number([Series((Maybe(link), Maybe(article), one_of(after)))]))
    pieces: list[Node] = [Reference(name) for name in parts if name.startswith(("slot_", "answer_"))]
    next_item = Series((Reference("talk_joiner"), Maybe(Reference("talk_more")), Reference("item")))
    lead = _any_number([Reference("talk_filler"), Reference("talk_correction"), Reference("talk_yes")])
    wish = Maybe(one_of([Reference("talk_opening"), Reference("talk_price"), Reference("talk_more")]))
    polite = Maybe(Reference("talk_polite"))
    alone: list[Node] = [Reference(f"talk_{name}") for name in _ALONE]
    alone += [Reference(name) for name in parts if name.startswith("topic_")]
    return {
        **parts,
        "item": Series(tuple(item)),
        "items": Series((Reference("item"), _any_number([next_item]))),
        "piece": Series((Maybe(Reference("talk_negation")), Maybe(article), one_of(pieces))),
        "pieces": Series((Reference("piece"), _any_number([Series((joiner, Reference("piece")))]))),
        "request": Series((lead, wish, one_of([Reference("items"), Reference("pieces")]), polite)),
        "acts": Series((Maybe(Reference("talk_filler")), Repeat(one_of(alone), at_least_once=True), polite)),
        TURN: Choice((Reference("request"), Reference("acts"))),
    }


def one_of(nodes: Sequence[Node]) -> Node:
    """A choice, or the node itself where there is but one."""
    return nodes[0] if len(nodes) == 1 else Choice(tuple(nodes))


def _any_number(nodes: Sequence[Node]) -> Node:
    return Repeat(one_of(nodes), at_least_once=False)
