"""What operators write, and what they are sent: configurations, agents, dialogues, grammars, event logs."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from duologue.agent.catalog import AgentCatalogue
from duologue.agent.settings import AgentSettings
from duologue.auth.tokens import TokenSigner
from duologue.config import Config, parse_config
from duologue.errors import DuologueError, Refused, Violation
from duologue.runtime.event_log import EventLogWriter, LogHeader, read_event_log
from duologue.server.agents import Definition, configured_voices, read_agent
from duologue.sim.replay import REGISTRY
from duologue.think.jsgf import Grammar, parse_expansion, render
from duologue.think.outbound import OutboundRules
from duologue.think.rule_book import read_rule_book
from duologue.think.rules import RulesDialogue
from duologue.think.understanding import Understanding
from fuzz.case import Pieces
from fuzz.search import Target
from fuzz.targets.sockets import text

ROOT = Path(__file__).parent.parent.parent


def read(reader: Callable[[str], object]) -> Callable[[Pieces], Iterator[str]]:
    """A target: one document, read or refused with the place of the mistake."""

    def run(pieces: Pieces) -> Iterator[str]:
        for piece in pieces[:1]:
            try:
                reader(text(piece))
                yield "read"
            except DuologueError as error:
                str(error)
                yield str(getattr(error, "code", type(error).__name__))

    return run


def toml(document: str) -> dict[str, object]:
    """The values of a TOML document, as the file readers get them."""
    try:
        return tomllib.loads(document)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Violation("config_file", str(error)) from None


def config(document: str) -> None:
    parse_config(toml(document))


def agent(document: str) -> None:
    settings = Config()
    dialogues: dict[str, RulesDialogue] = {}
    named = read_agent(
        Definition("x", toml(document), "a test", "x: ", None),
        settings,
        configured_voices(settings),
        dialogues,
        {"KEY": "k"},
    )
    assert AgentCatalogue([named]).find("x") is named


def grammar(document: str) -> None:
    """Rules, one on each line: `name = expansion`; the first is public."""
    rules = {}
    for line in document.splitlines()[:200]:
        name, _, expansion = line.partition("=")
        rules[name.strip() or "a"] = parse_expansion(expansion[:20_000], name[:40])
    for node in rules.values():
        assert render(parse_expansion(render(node))) == render(node)
    if rules:
        made = Grammar("g", rules, next(iter(rules)))
        made.render()
        made.vocabulary()
        made.accepts(["a", "b", "a"] * 5)


def rule_book(document: str) -> None:
    understood = Understanding(read_rule_book(document))
    understood.hear("two large coffees with milk please no make that three")
    understood.grammar.render()


def token(document: str) -> None:
    claims = SIGNER.read(document, 1_000.0)
    assert claims is None or document == GOOD_TOKEN, "a forged token was believed"


SIGNER = TokenSigner(b"k" * 32)
GOOD_TOKEN = SIGNER.issue("duo_1", ("tts",), 990.0, 60, "id")
OTHER_TOKEN = TokenSigner(b"o" * 32).issue("duo_1", ("tts",), 990.0, 60, "id")


def outbound(document: str) -> None:
    """Rules, one on each line, then a URL: whatever is permitted is not on this machine."""
    *rules, url = document.splitlines() or [""]
    allowed = OutboundRules.parse(rules[:20])
    destination = allowed.judge(url)
    for address in (
        "127.0.0.1",
        "::1",
        "10.0.0.1",
        "169.254.169.254",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "fd00::1",
        "100.64.0.1",
    ):
        if all("/" not in rule and rule.lower() != destination.host and "://" not in rule for rule in rules):
            try:
                allowed.choose(destination, [address])
            except Refused:
                continue
            raise AssertionError(f"{address} may be reached by {rules}")


def log(pieces: Pieces) -> Iterator[str]:
    """Lines of an event log."""
    lines = [line for piece in pieces for line in text(piece).splitlines(keepends=True)]
    try:
        read_log = read_event_log(lines, REGISTRY)
        yield f"read {len(read_log.facts)} {bool(read_log.stopped)}"
    except Violation as violation:
        yield f"{violation.code} {violation.message[:30]}"


def log_seeds() -> Sequence[Pieces]:
    lines: list[str] = []
    writer = EventLogWriter(lines.append, LogHeader({"duologue": "1"}, AgentSettings(greeting="Hi"), 1))
    writer.fact("session", 0.5, None, [])
    writer.trace("level", 1.0, 0.5)
    head = lines[0]
    facts = (
        '{"m":"session","now":1,"event":{"$":"KeyPressed","key":"5"},"commands":[]}\n',
        '{"m":"session","now":1,"event":{"$":"pcm","samples":512},"commands":[{"a":1}]}\n',
        '{"m":"s","now":2,"event":{"$":"map","items":{"a":[1]}},"commands":[]}\n',
        '{"stopped":"the log has reached its bound"}\n',
    )
    return [tuple(lines), *((head, fact) for fact in facts)]


def document(*paths: str) -> Sequence[Pieces]:
    """Documents of this repository."""
    return [(path.read_text("utf-8"),) for pattern in paths for path in sorted(ROOT.glob(pattern))]


def packaged() -> Sequence[Pieces]:
    found = [entry for entry in files("duologue.agent").joinpath("packaged").iterdir() if entry.name.endswith(".toml")]
    return [(entry.read_text("utf-8"),) for entry in found]


AGENT = """
prompt = "You are {{kind}}."
introduction = "Hello"
voice = "clara"
[[models]]
provider = "rules"
[[tools]]
name = "book"
url = "https://example.com/book"
headers = { "X-A" = "b" }
parameters = { type = "object" }
[listen]
keyterms = ["a", "b"]
[listen.turns]
end = 0.3
[metadata]
defaults = { kind = "kind" }
"""
CONFIG = """
[server]
host = "127.0.0.1"
port = 8765
[limits]
contexts_per_socket = 5
[listen.recognizer]
engine = "scripted"
settings = { script = "a" }
[usage.prices.2026-01-31]
agent = 1.5
[think.providers.mine]
client = "openai"
models = { "*" = "x" }
[agents.desk]
prompt = "x"
"""
GRAMMAR = "a = [<b>] (x | y z)+ <c>*\nb = one | two [three]\nc = a b | <b> c"
OUTBOUND = (
    "api.example.com\nhttps://api.example.com/x",
    "*.example.com\nhttps://a.example.com:8443/",
    "*\nhttps://2130706433/",
    "*\nhttps://[::ffff:7f00:1]/",
    "10.0.0.0/8\nhttp://10.1.1.1/",
    "http://127.0.0.1:8080\nhttp://127.0.0.1:8080/x",
    "*\nhttps://0x7f.1/",
    "*\nhttps://user:pw@a.example/",
)

TARGETS = (
    Target("config", read(config), lambda: [(CONFIG,), *document("examples/**/*.toml")]),
    Target("agent-file", read(agent), lambda: [(AGENT,), *packaged(), *document("examples/**/agents/*.toml")]),
    Target("rule-book", read(rule_book), lambda: document("examples/**/*.toml", "src/duologue/think/**/*.toml")),
    Target("grammar", read(grammar), lambda: [(GRAMMAR,), ("a = b",), ("a = <b> <b>\nb = <c> <c>\nc = x",)]),
    Target("event-log", log, log_seeds),
    Target("token", read(token), lambda: [(GOOD_TOKEN,), (OTHER_TOKEN,), ("a.b.c",)]),
    Target("outbound", read(outbound), lambda: [(rule,) for rule in OUTBOUND]),
)
