"""What the documentation of Flux promises about the order of events, as something that refuses all else (D§6.4, 2 to 7)."""

from __future__ import annotations

from collections.abc import Sequence

from duologue.listen.events import ListenEvent, TurnEnded
from duologue.protocols.deepgram.flux_turns import FluxEvent, FluxTurn, FluxTurns, Stage


class FluxGrammar:
    """Follows one stream."""

    def __init__(self, *, eager: bool) -> None:
        self._eager = eager
        self._stage = Stage.IDLE
        self._turn = 0
        self._eager_text = ""
        self._window = 0

    def check(self, told: FluxTurn) -> None:
        assert told.turn == self._turn
        assert told.window_start <= told.window_end
        assert told.window_end >= self._window
        self._window = told.window_end
        assert (told.trigger is not None) is (told.event is FluxEvent.END)
        if told.event is FluxEvent.UPDATE:
            assert self._stage is not Stage.EAGER_ENDED or told.text == self._eager_text
            assert self._stage is not Stage.IDLE or not told.text
        elif told.event is FluxEvent.START:
            assert self._stage is Stage.IDLE
            assert told.text
            self._stage = Stage.SPEAKING
        elif told.event is FluxEvent.EAGER_END:
            assert self._eager
            assert self._stage is Stage.SPEAKING
            assert told.text
            self._stage, self._eager_text = Stage.EAGER_ENDED, told.text
        elif told.event is FluxEvent.RESUMED:
            assert self._stage is Stage.EAGER_ENDED
            self._stage = Stage.SPEAKING
        else:
            assert self._stage is not Stage.IDLE
            if self._stage is Stage.EAGER_ENDED and told.trigger != "manual":
                assert told.text == self._eager_text
            if self._eager and told.trigger == "model" and told.text:
                assert self._stage is Stage.EAGER_ENDED
            self._stage, self._turn = Stage.IDLE, self._turn + 1


def check_flux(events: Sequence[ListenEvent], *, eager: bool) -> None:
    """A listener's events keep the promises, and the ends have all the words."""
    turns, grammar, ends = FluxTurns(eager=eager), FluxGrammar(eager=eager), []
    last = ""
    for event in events:
        for told in turns.follow(event):
            grammar.check(told)
            last = told.text
            if told.event is FluxEvent.END:
                ends.append(told.text)
                last = ""
    words = [event.text for event in events if isinstance(event, TurnEnded) and event.text]
    assert [*ends, *([last] if last else [])] == words, "an open turn at the stream's end has its words in an update"
