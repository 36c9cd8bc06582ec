"""Text on its way to a voice, and the credentials and headers of a request."""

from __future__ import annotations

from collections.abc import Iterator

from duologue.auth.credentials import read_credentials
from duologue.errors import DuologueError
from duologue.protocols.deepgram.clients import identify
from duologue.protocols.query import Handshake, query_of, read_headers, read_query
from duologue.server.refusals import Vendor, refusal_of
from duologue.speak.mapped_text import MappedText
from duologue.speak.markup import Style, hide_tags, read_markup, strip_tags
from duologue.speak.phrases import PhraseSplitter
from duologue.speak.spoken_text import say_aloud
from fuzz.case import Pieces
from fuzz.search import Target, sendable
from fuzz.targets.sockets import text

MOST = 100_000
"""Characters of one context."""


def speech(pieces: Pieces) -> Iterator[str]:
    """A language, then text in deltas: phrases are the text, and what is said of each maps back into it."""
    language, deltas = (text(pieces[0]) if pieces else "en"), [text(piece)[:MOST] for piece in pieces[1:]]
    splitter = PhraseSplitter()
    phrases = [phrase for delta in deltas for phrase in splitter.push(delta)]
    phrases += [*splitter.hurry(), *splitter.flush()]
    assert "".join(phrases) == "".join(deltas), "phrases are not the text"
    for phrase in phrases[:40]:
        assert len(hide_tags(phrase)) == len(phrase)
        strip_tags(phrase)
        for passage in read_markup(phrase, Style()):
            spoken = say_aloud(passage.text, language)
            _check(spoken, len(phrase))
            assert 0 <= passage.pause <= 100
            yield f"{passage.style.speed} {passage.style.volume} {bool(passage.pause)} {len(spoken.text) > len(phrase)}"
    # A voice may be given more than a phrase at once by whoever speaks without a splitter.
    _check(say_aloud(MappedText.of("".join(deltas)[:5_000]), language), 5_000)


def _check(said: MappedText, length: int) -> None:
    assert len(said.text) == len(said.starts) == len(said.ends)
    assert all(0 <= start <= end <= length for start, end in zip(said.starts, said.ends, strict=True))
    assert list(said.starts) == sorted(said.starts), "runs backwards"


SPOKEN = (
    "Hello there. It costs $3.50, or 2,000 euros; call +1 (415) 555-0100 at 5:30 p.m. on 3/4/2026!",
    "Mail a.b+c@example.co.uk or see https://www.example.com/a/b?c=d#e. **Bold** and _more_, `code`.\n\n# Title\n- a\n- b\n1. c",
    '<speed ratio="1.5"/>Fast <break time="700ms"/> <spell>AB-12</spell> <emotion value="calm"/> [laughter] <<m|ɛ|t>> done.',
    "Dr. Smith's 1st, 22nd and 103rd of 1990-1995; 3.14159, 1/2, 50%, 10kg, -4°C, v2.0.1, 192.168.0.1, $1.2m, 12:00-13:30.",
    "你好。今天天气很好！ 👍🏽 Привет… ¿Qué tal? Ünïcödé — “quotes” » «",
)


def request(pieces: Pieces) -> Iterator[str]:
    """A query, then lines `name: value`: who it is, and a refusal in either vendor's shape."""
    query = text(pieces[0]) if pieces else ""
    lines = [line.partition(":")[::2] for piece in pieces[1:] for line in text(piece).splitlines()[:100]]
    raw = [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in lines]
    try:
        handshake = Handshake("/", read_query(query.encode("latin-1", "replace")), read_headers(raw))
        credentials = read_credentials(handshake)
        assert (credentials.secret or "~") not in repr(credentials) or len(credentials.secret or "") < 12
        assert (credentials.secret or "~") not in repr(handshake) or len(credentials.secret or "") < 12
        for name in ("encoding", "sample_rate", "flag"):
            for read in (handshake.query.text, handshake.query.number, handshake.query.whole, handshake.query.flag):
                read(name)
        identify(handshake)
        query_of(lines)
        yield f"{credentials.secret is not None} {credentials.subprotocol is not None}"
    except DuologueError as error:
        for vendor in Vendor:
            refusal = refusal_of(vendor, error, "r")
            sendable(refusal.body.decode())
            assert all(char not in value for _, value in refusal.headers for char in "\r\n\0")
        yield str(getattr(error, "code", ""))


REQUESTS = (
    ("sample_rate=16000.0&encoding=linear16&flag=yes&keyterm[]=a&x[y]=z", "Authorization: Token duo_abc_secretsecret"),
    (
        "access_token=ey.ey.ey&sampleRate=8000",
        "Sec-WebSocket-Protocol: a, token, duo_abc_secretsecret\nUser-Agent: deepgram-sdk/5.3.2",
    ),
    ("api_key=%20%ff+&a=b&a=c", "X-API-Key: k\nX-Client-Info: @deepgram/sdk; browser; v4.11"),
)

TARGETS = (
    Target("speech", speech, lambda: [(language, said) for language in ("en", "de", "") for said in SPOKEN]),
    Target("request", request, lambda: list(REQUESTS)),
)
