"""Lines the application has the agent say: spoken at once, spoken later, or refused with a reason. Never silently dropped."""

from __future__ import annotations

from enum import Enum, auto

from duologue.agent.events import Manner
from duologue.agent.talk import Talk
from duologue.agent.turntaking import Stage

CALLER_SPEAKING = "Ignored InjectAgentMessage because the user is currently speaking."
AGENT_SPEAKING = "Ignored InjectAgentMessage because the agent is currently speaking."
AGENT_THINKING = "Ignored InjectAgentMessage because the agent is about to speak."
QUEUE_FULL = "Ignored InjectAgentMessage because too many messages are waiting."
EMPTY = "Ignored InjectAgentMessage because it has no text."


class Fate(Enum):
    """What becomes of a line that is not refused."""

    NOW = auto()
    LATER = auto()


def judge(talk: Talk, text: str, manner: Manner) -> Fate | str:
    """What becomes of a line, or the reason why it is refused.

    "Speaking" means still sending (D§5.8): once everything was sent, a line is accepted and follows when the last sentence has sounded.
    """
    if not text.strip():
        return EMPTY
    if manner is Manner.INTERRUPT:
        return Fate.NOW
    reply = talk.reply
    if manner is Manner.DEFAULT:
        if talk.caller_speaks:
            return CALLER_SPEAKING
        if reply is not None and not reply.finished:
            return AGENT_SPEAKING if reply.started else AGENT_THINKING
    if talk.stage is Stage.IDLE and not talk.caller_speaks and not talk.lines:
        return Fate.NOW
    return Fate.LATER if len(talk.lines) < talk.settings.limits.injections_queued else QUEUE_FULL
