"""The shape of the one TOML file. Every key has a working default; an unknown one is refused with the nearest right one.

`docs/configuration.md` describes every key; a test says so. Secrets never stand here: a provider names the environment variable that holds
its key. From the environment come secrets and addresses only (`DUOLOGUE_HOST`, `DUOLOGUE_PORT`, `DUOLOGUE_DATA_DIR`).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import inspect

from duologue.agent.settings import IdlePolicy, InterruptionPolicy, LimitsPolicy, PacingPolicy
from duologue.errors import Violation
from duologue.listen.policy import FloorPolicy, GatePolicy
from duologue.tables import read_table

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Bound = Annotated[int, msgspec.Meta(ge=1)]
Length = Annotated[float, msgspec.Meta(ge=0)]
"""Of time, in seconds; zero has a meaning."""
Patience = Annotated[float, msgspec.Meta(gt=0)]
"""A length of time that cannot be zero."""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One table of the file."""


class ServerSection(Section, frozen=True, kw_only=True):
    """Where the server listens and how it stops."""

    host: str = "127.0.0.1"
    port: Port = 8765
    path_prefix: str = ""
    strict: bool = False
    drain_s: Length = 30.0
    data_dir: str = ""
    max_connections: Count = 500
    origins: tuple[str, ...] = ("loopback",)


class TlsSection(Section, frozen=True, kw_only=True):
    """The certificate: from files, or made and kept by the server."""

    cert: str = ""
    key: str = ""
    self_signed: bool = False
    names: tuple[str, ...] = ()


class AuthMode(StrEnum):
    """Who may connect."""

    AUTO = "auto"
    """Keys are needed as soon as one exists, and always on addresses other than loopback."""
    KEYS = "keys"
    NONE = "none"
    """Everybody; refused on addresses other than loopback."""


class AuthSection(Section, frozen=True, kw_only=True):
    """Who may connect, and how often at once."""

    mode: AuthMode = AuthMode.AUTO
    stt_per_key: Count = 100
    tts_per_key: Count = 100
    agent_per_key: Count = 1
    keyless_connections: Count = 100


class LimitsSection(Section, frozen=True, kw_only=True):
    """Bounds of one socket; what a key or a session may do stands in `auth` and `agent.limits`."""

    unsent_audio_s: Patience = 10.0
    unsent_events_bytes: Bound = 4 * 1024 * 1024
    slow_reader_s: Patience = 300.0
    contexts_per_socket: Bound = 50
    context_characters: Bound = 100_000
    http_body_bytes: Bound = 1024 * 1024
    upload_bytes: Bound = 200 * 1024 * 1024
    upload_s: Patience = 4 * 3600.0


class Place(StrEnum):
    """Where an engine runs."""

    AUTO = "auto"
    """Our own light engines in the server process, all others in worker processes."""
    INLINE = "inline"
    WORKERS = "workers"


class EngineSection(Section, frozen=True, kw_only=True):
    """One engine: its name, how many worker processes carry it, and settings of its own."""

    engine: str
    workers: Bound = 1
    place: Place = Place.AUTO
    settings: dict[str, str | int | float | bool | list[Any] | dict[str, Any]] = {}


class ListenSection(Section, frozen=True, kw_only=True):
    """Hearing: the engines and the policies a client cannot set."""

    voice_activity: EngineSection = EngineSection(engine="silero")
    recognizer: EngineSection = EngineSection(engine="pocketsphinx")
    end_of_turn: EngineSection = EngineSection(engine="")
    floor: FloorPolicy = FloorPolicy()
    gate: GatePolicy = GatePolicy()
    dialogue: str = ""


class SpeakSection(Section, frozen=True, kw_only=True):
    """Speaking: the engine, the voice of those who name none, and other names for voices."""

    synthesizer: EngineSection = EngineSection(engine="espeak")
    default_voice: str = ""
    aliases: dict[str, str] = {}


class ProviderSection(Section, frozen=True, kw_only=True):
    """What answers for one provider name."""

    client: str = "openai"
    base_url: str = ""
    key_env: str = ""
    models: dict[str, str] = {}
    answers: list[dict[str, Any]] = []


class ThinkSection(Section, frozen=True, kw_only=True):
    """Language models: from the names clients use to what this server has."""

    default: str = "rules"
    rules: str = ""
    providers: dict[str, ProviderSection] = {}
    outbound: tuple[str, ...] = ()
    connect_timeout_s: Patience = 3.0
    first_token_timeout_s: Patience = 10.0
    fallback_after_s: Patience = 5.0


class AgentSection(Section, frozen=True, kw_only=True):
    """Policies of every agent session, where the client's own settings say nothing; where agents with an id are defined."""

    interruption: InterruptionPolicy = InterruptionPolicy()
    pacing: PacingPolicy = PacingPolicy()
    idle: IdlePolicy = IdlePolicy()
    limits: LimitsPolicy = LimitsPolicy()
    gap_patience_s: Patience = 0.3
    folder: str = ""
    demo: bool = True


class AudioSocketSection(Section, frozen=True, kw_only=True):
    """The way in for Asterisk's AudioSocket."""

    listen: str = ""
    max_connections: Bound = 100
    agents: dict[str, str] = {}
    known_only: bool = False
    allow: tuple[str, ...] = ()


class TwilioSection(Section, frozen=True, kw_only=True):
    """The way in for Twilio's calls."""

    public_url: str = ""
    auth_token_env: str = "TWILIO_AUTH_TOKEN"  # noqa: S105 - a variable's name
    account_sid: str = ""
    signing_key_envs: dict[str, str] = {}
    api_url: str = "https://api.twilio.com"


class BridgeSection(Section, frozen=True, kw_only=True):
    """Telephone calls: whom they are connected to, and how they come in."""

    agent: str = ""
    scenario: str = ""
    agents_url: str = ""
    api_key_env: str = ""
    public_url: str = ""
    stream_secret_env: str = ""
    max_calls: Bound = 100
    strict_listeners: bool = False
    audiosocket: AudioSocketSection = AudioSocketSection()
    twilio: TwilioSection = TwilioSection()


class StorageSection(Section, frozen=True, kw_only=True):
    """The database for keys and usage."""

    url: str = ""


HourlyRate = Annotated[float, msgspec.Meta(ge=0)]
ALWAYS = "always"
"""Name of the prices that hold where no day's do."""


class PriceSection(Section, frozen=True, kw_only=True):
    """Prices of a connected hour, from one day on."""

    stt: HourlyRate | None = None
    tts: HourlyRate | None = None
    agent: HourlyRate | None = None
    agent_own_model: HourlyRate | None = None
    routes: dict[str, HourlyRate] = {}


class UsageSection(Section, frozen=True, kw_only=True):
    """What is counted, how often it is written, and what it costs."""

    enabled: bool = True
    checkpoint_s: Patience = 30.0
    currency: str = "USD"
    prices: dict[str, PriceSection] = {}

    def __post_init__(self) -> None:
        for name in self.prices:
            if name != ALWAYS and not _is_day(name):
                raise ValueError(f"prices of {name!r}: expected {ALWAYS!r} or a day such as 2026-01-31")


class CallsSection(Section, frozen=True, kw_only=True):
    """What is kept of a call. Words are private: nothing, unless asked for."""

    event_log: str = ""
    redact: bool = False


class LogLevel(StrEnum):
    """What is worth a line."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogsSection(Section, frozen=True, kw_only=True):
    """What is printed while serving."""

    level: LogLevel = LogLevel.INFO
    json: bool = False


class Config(Section, frozen=True, kw_only=True):
    """The whole file. `Config()` works."""

    server: ServerSection = ServerSection()
    tls: TlsSection = TlsSection()
    auth: AuthSection = AuthSection()
    limits: LimitsSection = LimitsSection()
    listen: ListenSection = ListenSection()
    speak: SpeakSection = SpeakSection()
    think: ThinkSection = ThinkSection()
    agent: AgentSection = AgentSection()
    agents: dict[str, dict[str, Any]] = {}
    bridge: BridgeSection = BridgeSection()
    storage: StorageSection = StorageSection()
    usage: UsageSection = UsageSection()
    calls: CallsSection = CallsSection()
    logs: LogsSection = LogsSection()


def load_config(path: Path | None, environment: Mapping[str, str] = os.environ) -> Config:
    """Read the file, if there is one, and the environment on top. Raises `Violation` with the path of what is wrong."""
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise Violation("config_file", f"cannot read {path}: {error.strerror or error}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Violation("config_file", f"{path} is not TOML: {error}") from None
    return parse_config(values, environment)


def parse_config(values: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Config:
    """A configuration from plain values. Raises `Violation("unknown_key")` or `Violation("config_value")`."""
    return read_table(_with_environment(values, environment or {}), Config)


_FROM_ENVIRONMENT = {"DUOLOGUE_HOST": "host", "DUOLOGUE_PORT": "port", "DUOLOGUE_DATA_DIR": "data_dir"}


def _with_environment(values: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    merged = dict(values)
    found = {key: environment[name] for name, key in _FROM_ENVIRONMENT.items() if environment.get(name)}
    if found:
        server: dict[str, Any] = {**merged.get("server", {}), **found}
        if "port" in found:
            if not found["port"].isdecimal():
                raise Violation("config_value", "not a port number", path="DUOLOGUE_PORT", expected="0 to 65535")
            server["port"] = int(found["port"])
        merged["server"] = server
    return merged


def config_keys() -> list[str]:
    """Every key of the file, in dots; tables with free names end in `.*`."""
    return sorted(_keys(inspect.type_info(Config), ""))


def _keys(kind: inspect.Type, path: str) -> Iterator[str]:
    if isinstance(kind, inspect.StructType | inspect.DataclassType):
        for field in kind.fields:
            yield from _keys(field.type, f"{path}.{field.encode_name}" if path else field.encode_name)
    elif isinstance(kind, inspect.DictType) and isinstance(kind.value_type, inspect.StructType):
        yield from _keys(kind.value_type, f"{path}.*")
    else:
        yield path


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def data_dir(config: Config, environment: Mapping[str, str] = os.environ) -> Path:
    """Where the server keeps its database and its own certificate: from the configuration, else the user's data folder."""
    if config.server.data_dir:
        return Path(config.server.data_dir).expanduser()
    home = environment.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "duologue"
