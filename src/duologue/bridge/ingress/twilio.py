"""The way in for Twilio: the webhook of a number, and the media socket its answer names (Twilio docs: Media Streams; T§1).

A call comes twice. First Twilio asks the webhook what to do; the answer connects the call's audio to an address that is good for this call,
once, for two minutes. Then the audio arrives there. Both requests must carry Twilio's signature over the public URL of the configuration;
anything else is 403. Twilio answers a call before its audio flows, so a scenario's `reject` hangs up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import structlog

from duologue.bridge.ingress.ingress import CallFacts, FarEnd, Ingress
from duologue.bridge.ingress.json_dialects import TWILIO
from duologue.bridge.ingress.json_media import StreamStarted
from duologue.bridge.ingress.json_stream import JsonStream, Transfer
from duologue.bridge.ingress.take import TakeCall
from duologue.bridge.ingress.tickets import Tickets
from duologue.bridge.ingress.twilio_signature import SignedRequest, check_signature
from duologue.bridge.ingress.twiml import connect_stream, dial, reject
from duologue.errors import Refused, Violation
from duologue.runtime.machine import Seconds
from duologue.server.socket import Socket

VOICE, STATUS, MEDIA = "/twilio/voice", "/twilio/status", "/twilio/media"
TIMEOUT_S: Seconds = 4.0
"""Of a request to Twilio."""
MAX_FIELDS = 200
"""Parameters of one webhook."""
MAX_TARGET = 255
"""Characters of a number or address to transfer to."""

_log = structlog.get_logger("duologue.bridge")


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """How Twilio reaches us, and how it is known."""

    public_url: str
    """`https://voice.example.org`, as Twilio's console has it; a path prefix may follow."""
    auth_token: str = field(repr=False)
    sid: str = ""
    """Needed for transfers; where given, webhooks of other accounts are refused."""
    signing_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Shared keys by name, for signatures with SHA-256."""
    api_url: str = "https://api.twilio.com"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    path: str
    query: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = b""
    is_form: bool = False


class Twilio:
    """One account's way in."""

    def __init__(self, account: TwilioAccount, take: TakeCall, wall: Callable[[], float]) -> None:
        """`wall` gives seconds since 1970. Raises `Violation` for a public URL that is none."""
        parts = urlsplit(account.public_url)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
            raise Violation(
                "public_url",
                f"{account.public_url!r} is no address",
                path="bridge.twilio.public_url",
                expected="https://HOST",
            )
        self._account = account
        self._public = account.public_url.rstrip("/")
        self._take = take
        self._wall = wall
        self._tickets = Tickets(account.auth_token)

    # The webhook.

    def answer(self, asked: Asked, *, busy: bool) -> str:
        """What Twilio shall do with a call, as TwiML. Raises `Refused("forbidden")` for whoever is not Twilio."""
        form = self._checked(asked)
        call = form.get("CallSid", "")
        if not call or (self._account.sid and form.get("AccountSid") != self._account.sid):
            raise Refused("forbidden", "not a call of this account")
        if busy:
            return reject(busy=True)
        ticket = self._tickets.issue(call, self._wall())
        url = f"{_socket_url(self._public)}{MEDIA}/{quote(call, safe='')}/{ticket}"
        # The number's webhook may say `?agent=ID`: the query is signed, so nobody else can.
        agent = dict(_fields(asked.query)).get("agent", "")
        named = {
            "agent": agent,
            "from": form.get("From", ""),
            "to": form.get("To", ""),
            "name": form.get("CallerName", ""),
        }
        return connect_stream(url, named, f"{self._public}{STATUS}")

    def note(self, asked: Asked) -> None:
        """A status callback. Raises `Refused("forbidden")`."""
        form = self._checked(asked)
        level = _log.warning if form.get("StreamEvent") == "stream-error" else _log.info
        level(
            "twilio_stream",
            stream_event=form.get("StreamEvent", ""),
            call=form.get("CallSid", ""),
            why=form.get("StreamError", "")[:200],
        )

    def _checked(self, asked: Asked) -> dict[str, str]:
        """The parameters of a signed request: of its form, else of its query."""
        fields = _fields(asked.body.decode("utf-8", "replace")) if asked.is_form else None
        form: dict[str, list[str]] | None = None
        if fields is not None:
            form = {}
            for name, value in fields:
                form.setdefault(name, []).append(value)
        url = f"{self._public}{asked.path}" + (f"?{asked.query}" if asked.query else "")
        signed = SignedRequest(url, asked.headers, form, asked.body)
        check_signature(signed, self._account.auth_token, self._account.signing_keys)
        return dict(_fields(asked.query) if fields is None else fields)

    # The socket.

    def admit(self, asked: Asked) -> str:
        """The call a media socket is for. Raises `Refused("forbidden")`."""
        url = f"{_socket_url(self._public)}{asked.path}" + (f"?{asked.query}" if asked.query else "")
        check_signature(SignedRequest(url, asked.headers), self._account.auth_token, self._account.signing_keys)
        call, _, ticket = asked.path.removeprefix(f"{MEDIA}/").rstrip("/").partition("/")
        self._tickets.redeem(call, ticket, self._wall())
        return call

    async def converse(self, socket: Socket, call: str) -> None:
        """Serve an admitted media socket until it is over."""

        def take(stream: Ingress, started: StreamStarted) -> FarEnd:
            if started.call != call:
                raise Refused("forbidden", "the stream is another call's")
            parameters = started.parameters
            custom = {name: value for name, value in parameters.items() if name not in ("from", "to", "name")}
            facts = CallFacts(
                TWILIO.name,
                call,
                parameters.get("from", ""),
                parameters.get("to", ""),
                parameters.get("name", ""),
                custom=custom,
            )
            return self._take(stream, facts, started.audio)

        await JsonStream(socket, TWILIO, take, self._transferrer()).run()

    def _transferrer(self) -> Transfer | None:
        return self._transfer if self._account.sid else None

    async def _transfer(self, call: str, target: str) -> None:
        """Connect the caller to somebody else instead of us. Raises `Refused("twilio")`, `Violation("transfer_target")`."""
        if not 0 < len(target) <= MAX_TARGET or not target.isprintable():
            raise Violation(
                "transfer_target", "nobody to transfer to", path="target", expected="a number or sip: address"
            )
        account = self._account
        path = f"/2010-04-01/Accounts/{quote(account.sid, safe='')}/Calls/{quote(call, safe='')}.json"
        try:
            async with httpx.AsyncClient(auth=(account.sid, account.auth_token), timeout=TIMEOUT_S) as http:
                answer = await http.post(f"{account.api_url.rstrip('/')}{path}", data={"Twiml": dial(target)})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Refused("twilio", f"Twilio could not be asked: {type(error).__name__}") from None
        if not answer.is_success:
            raise Refused("twilio", f"Twilio answered {answer.status_code}: {answer.text[:200]}")


def _socket_url(url: str) -> str:
    """The same address for a WebSocket."""
    return "ws" + url.removeprefix("http")


def _fields(text: str) -> list[tuple[str, str]]:
    """Parameters of a form or a query. Raises `Violation("bad_query")`."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Violation("bad_query", f"more than {MAX_FIELDS} parameters") from None
