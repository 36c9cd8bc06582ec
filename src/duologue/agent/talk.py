"""The state of one conversation, shared by the parts of the session that each decide one thing about it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from duologue.agent.caller import CallerSide
from duologue.agent.commands import Command, Notify
from duologue.agent.history import History
from duologue.agent.interruption import is_echo
from duologue.agent.notices import Notice, Origin
from duologue.agent.parting import Parting
from duologue.agent.reply import Reply
from duologue.agent.responder import Responder
from duologue.agent.settings import AgentSettings
from duologue.agent.toolbox import Toolbox
from duologue.agent.turntaking import Stage
from duologue.agent.watchdog import Watchdog
from duologue.ids import IdSource
from duologue.listen.events import TurnEnded
from duologue.listen.hypothesis import ListenOptions
from duologue.runtime.machine import Seconds


@dataclass(frozen=True, slots=True)
class Said:
    """What the caller said last, to be answered."""

    text: str
    turn: TurnEnded | None = None
    """`None` for a line the application wrote."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A reply the caller's voice interrupted; if no words follow, it goes on."""

    reply: Reply
    heard: int
    """Characters of its text that were heard."""
    generating: bool
    """The model was still writing."""
    unanswered: bool
    """Something else of the caller's waited for an answer already."""


class Talk:
    """The state. `out` collects the commands of the step at hand, in order."""

    def __init__(self, settings: AgentSettings, responder: Responder, ids: IdSource, rate: int) -> None:
        self.settings = settings
        self.responder = responder
        self.ids = ids
        self.rate = rate
        self.out: list[Command] = []
        self.stage = Stage.IDLE
        self.overlapped = Stage.IDLE
        """The stage an overlap goes back to."""
        self.overlap_since: Seconds | None = None
        self.replies = 0
        """How many there were; the number of the last."""
        self.reply: Reply | None = None
        self.speaking_since: Seconds = 0.0
        self.cut: Cut | None = None
        self.history = History(settings.history, settings.limits.history_messages)
        self.toolbox = Toolbox(settings.limits)
        self.parting = Parting()
        self.stopped: Reply | None = None
        """The last reply that was cut while it sounded: its client may still say where its loudspeaker stopped."""
        self.watchdog = Watchdog(settings.limits.patience, settings.limits.slow_after)
        self.caller = CallerSide()
        self.unanswered = False
        """The caller said something that no reply has answered."""
        self.said = Said("")
        """What the cues "caller done" and "caller may be done" are about."""
        self.line = ("", Origin.INJECTED)
        """What the cue "say this" is about."""
        self.failure = ("", "")
        """Code and message of what the cue "reply failed" is about."""
        self.by_voice = True
        """Whether the cue "caller insists" was heard, not typed."""
        self.lines: deque[str] = deque()
        """Lines of the application that wait for their turn."""
        self.owed_line = ""
        """The fallback line, while it is owed."""
        self.expected: ListenOptions = settings.listen.options
        """What the listener was told to expect."""
        self.known_troubles: set[str] = set()
        """Lasting troubles of the model's settings that the client was told of; forgotten with the settings."""
        self.draining = False
        self.ended = False
        self.late_facts = 0
        """Facts about things that were over, dropped."""

    def tell(self, notice: Notice) -> None:
        """Tell the client."""
        self.out.append(Notify(notice))

    @property
    def caller_speaks(self) -> bool:
        """A turn is open, and somebody else than us is heard in it."""
        return self.caller.open and not is_echo(self.caller, self.settings.interruption)

    @property
    def sounding(self) -> bool:
        """Audio of the reply may go out, or has: it is not held by an overlap or a draft."""
        return self.stage is Stage.SPEAKING or (self.stage is Stage.OVERLAP and self.overlapped is Stage.SPEAKING)
