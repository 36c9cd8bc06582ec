"""Rule 22: `Connected` is sequence 0, then strictly one more; a failed `Configure` keeps the old values; `CloseStream` ends with 1000."""

from __future__ import annotations

from duologue.agent.commands import EndReason
from duologue.ids import SeededIds
from duologue.protocols.deepgram.flux import FluxDialect
from duologue.protocols.dialect import Audio, Close, Expect, Finalize, Ping, Reply, Retune
from duologue.protocols.query import Handshake, read_query
from tests.protocols.deepgram.turn_events import eagerly_ended, ended, progressed, resumed, started, updated
from tests.wire.exchange import play

QUERY = "model=flux-general-en&encoding=linear16&sample_rate=16000&eager_eot_threshold=0.4"
FACTS = {
    "connected": None,
    "a quarter second": progressed(0.3),
    "a sound": started(1.0),
    "Book a": updated(1.5, "Book a"),
    "perhaps over": eagerly_ended(2.0, "Book a"),
    "not over": resumed(2.2),
    "Book a table.": eagerly_ended(3.0, "Book a table."),
    "over": ended(3.2, "Book a table."),
    "over with more words": ended(6.0, "For two."),
}


def run(script: str) -> list[object]:
    dialect = FluxDialect(Handshake(query=read_query(QUERY)), SeededIds(1))
    received = play(
        dialect,
        script,
        lambda fact: dialect.connected() if fact is None else dialect.render(fact),
        FACTS,
    )
    assert dialect.closing(EndReason.FINISHED) == (1000, "")
    return received


def turn(sequence: int, event: str, text: str, index: int, window: tuple[float, float], rest: str = "") -> str:
    """A `<` line for a turn event."""
    return (
        f'< {{"type":"TurnInfo","request_id":"...","sequence_id":{sequence},"event":"{event}","turn_index":{index},'
        f'"audio_window_start":{window[0]},"audio_window_end":{window[1]},"transcript":"{text}","words":"...",'
        f'"end_of_turn_confidence":"..."{rest}}}'
    )


MODEL = ',"trigger":"model"'


def test_two_turns_with_an_eager_end_that_was_wrong() -> None:
    received = run(
        f"""
        * connected
        < {{"type":"Connected","request_id":"...","sequence_id":0}}
        > binary 2560
        * a quarter second
        {turn(1, "Update", "", 0, (0.0, 0.3))}
        * a sound
        * Book a
        {turn(2, "StartOfTurn", "Book a", 0, (0.0, 1.5))}
        * perhaps over
        {turn(3, "EagerEndOfTurn", "Book a", 0, (0.0, 2.0))}
        * not over
        {turn(4, "TurnResumed", "Book a", 0, (0.0, 2.2))}
        * Book a table.
        {turn(5, "EagerEndOfTurn", "Book a table.", 0, (0.0, 3.0))}
        * over
        {turn(6, "EndOfTurn", "Book a table.", 0, (0.0, 3.2), MODEL)}
        * a sound
        * over with more words
        {turn(7, "StartOfTurn", "For two.", 1, (3.2, 6.0))}
        {turn(8, "EagerEndOfTurn", "For two.", 1, (3.2, 6.0))}
        {turn(9, "EndOfTurn", "For two.", 1, (3.2, 6.0), MODEL)}
        > {{"type":"CloseStream"}}
        > binary 2560
        """
    )
    assert [type(item) for item in received] == [Audio, Close]


def test_other_settings_on_the_way() -> None:
    received = run(
        """
        > {"type":"Configure","thresholds":{"eot_threshold":0.8},"keyterms":["Ravioli"]}
        > {"type":"Configure","thresholds":{"eager_eot_threshold":0.9}}
        > {"type":"Configure"}
        > {"type":"ForceEndTurn"}
        > {"type":"KeepAlive"}
        * a sound
        * Book a
        < {"type":"TurnInfo","request_id":"...","sequence_id":4,"event":"StartOfTurn","turn_index":0,"audio_window_start":0.0,
        | "audio_window_end":1.5,"transcript":"Book a","words":"...","end_of_turn_confidence":0.0}
        > {"type":"ForceEndTurn"}
        > {"type":"Sing"}
        < {"type":"Warning","request_id":"...","sequence_id":5,"code":"UNKNOWN_MESSAGE","description":"..."}
        """
    )
    told = [frame for item in received if isinstance(item, Reply) for frame in item.told]
    assert [str(frame).partition(",")[0] for frame in told] == [
        '{"type":"ConfigureSuccess"',
        '{"type":"ConfigureFailure"',
        '{"type":"ConfigureSuccess"',
        '{"type":"Warning"',
    ]
    assert '"eot_threshold":0.8' in str(told[2]), "a failed change keeps the old values"
    assert '"eager_eot_threshold":0.4' in str(told[2])
    others = [type(item) for item in received if not isinstance(item, Reply)]
    assert others == [Retune, Expect, Retune, Ping, Finalize]
