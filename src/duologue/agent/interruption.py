"""When a caller who talks while the agent does must be given way, and what is only a sign of listening."""

from __future__ import annotations

import re

from duologue.agent.caller import CallerSide
from duologue.agent.settings import InterruptionPolicy
from duologue.runtime.machine import Seconds

NOBODYS: Seconds = 0.15
"""Less speech than this beside our own voice is a piece of it that was not recognised."""
_NOT_WORDS = re.compile(r"[^\w\s]|_")


def plain_words(text: str) -> list[str]:
    """The words of a text, without case and signs: how texts are compared."""
    return _NOT_WORDS.sub(" ", text.replace("'", "").replace("’", "")).casefold().split()


def same_words(text: str, other: str) -> bool:
    """Whether two texts differ at most in case, punctuation and spacing."""
    return plain_words(text) == plain_words(other)


def is_backchannel(text: str, policy: InterruptionPolicy) -> bool:
    """Whether a whole text is one or several of the policy's signs of listening."""
    rest = plain_words(text)
    signs = [plain_words(sign) for sign in policy.backchannels]
    if not rest:
        return False
    while rest:
        sign = max((sign for sign in signs if sign and rest[: len(sign)] == sign), key=len, default=None)
        if sign is None:
            return False
        rest = rest[len(sign) :]
    return True


def is_own(share: float, policy: InterruptionPolicy) -> bool:
    """Whether voice of which `share` is our own is nobody else's."""
    return 0.0 < policy.own_voice <= share


def is_echo(caller: CallerSide, policy: InterruptionPolicy) -> bool:
    """Whether nobody but us was heard in the caller's turn so far: besides our own voice too little to be anybody's."""
    return bool(caller.echoes) and (caller.most_fresh < min(policy.min_voice, NOBODYS) or not caller.most_fresh)


def insists(caller: CallerSide, policy: InterruptionPolicy, overlap_since: Seconds | None, now: Seconds) -> bool:
    """Whether the caller must be given way: by voice, by words where the policy asks for them, or because it has gone on for too long."""
    if not caller.open or is_echo(caller, policy):
        return False
    if overlap_since is not None and now >= overlap_since + policy.max_overlap:
        return True
    if caller.fresh_voice < policy.min_voice:
        return False
    return policy.min_words == 0 or (
        len(plain_words(caller.text)) >= policy.min_words and not is_backchannel(caller.text, policy)
    )
