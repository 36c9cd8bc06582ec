"""Our table of WebSocket routes. A path prefix in front and a trailing slash are accepted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from duologue.auth.concurrency import Kind
from duologue.protocols.cartesia.line_stream import LineStreamDialect
from duologue.protocols.cartesia.stt_manual import SttManualDialect
from duologue.protocols.cartesia.stt_turns import SttTurnsDialect
from duologue.protocols.cartesia.tts import TtsDialect
from duologue.protocols.deepgram.agent_v1 import AgentV1Dialect
from duologue.protocols.deepgram.flux import FluxDialect
from duologue.protocols.deepgram.listen import ListenV1Dialect
from duologue.protocols.deepgram.listen_answers import rfc3339
from duologue.protocols.deepgram.speak import SpeakV1Dialect
from duologue.protocols.deepgram.speak_flux import SpeakV2Dialect
from duologue.protocols.query import Handshake
from duologue.runtime.engines import Role
from duologue.server.agent_endpoint import AgentEndpoint
from duologue.server.connection import Endpoint
from duologue.server.listen_endpoint import ListenEndpoint
from duologue.server.refusals import Vendor
from duologue.server.services import Services
from duologue.server.speak_endpoint import SpeakEndpoint, voice_lookup
from duologue.usage.meter import UsageMeter

EndpointFactory: TypeAlias = Callable[[Services, Handshake, UsageMeter], Endpoint]


@dataclass(frozen=True, slots=True)
class SocketRoute:
    """One route."""

    path: str
    """As documented by the vendor; begins with a slash. `{name}` stands for one part of a path."""
    vendor: Vendor
    kind: Kind
    endpoint: EndpointFactory


def cartesia_tts(services: Services, handshake: Handshake, meter: UsageMeter) -> Endpoint:
    """`/tts/websocket`."""
    return SpeakEndpoint(
        services,
        meter,
        "/tts/websocket",
        lambda rate: TtsDialect(
            handshake.query,
            services.ids,
            voice_lookup(services.voices),
            rate=rate,
            models=(services.engines.require(Role.SYNTHESIZER).spec.name,),
            max_contexts=services.config.limits.contexts_per_socket,
            strict=services.config.server.strict,
        ),
    )


def cartesia_stt_turns(services: Services, handshake: Handshake, meter: UsageMeter) -> Endpoint:
    """`/stt/turns/websocket`."""
    models = (services.engines.require(Role.RECOGNIZER).spec.name,)
    strict = services.config.server.strict
    dialect = SttTurnsDialect(handshake.query, services.ids, models=models, strict=strict)
    return ListenEndpoint(services, meter, "/stt/turns/websocket", dialect)


def cartesia_stt_manual(services: Services, handshake: Handshake, meter: UsageMeter) -> Endpoint:
    """`/stt/websocket`."""
    models = (services.engines.require(Role.RECOGNIZER).spec.name,)
    dialect = SttManualDialect(handshake.query, services.ids, models=models)
    return ListenEndpoint(services, meter, "/stt/websocket", dialect)


def deepgram_agent(services: Services, handshake: Handshake, meter: UsageMeter, route: str) -> Endpoint:
    """`/v1/agent/converse` and `/agent`: the client's first message tells which protocol it speaks, not the path."""
    dialect = AgentV1Dialect(
        handshake,
        services.ids,
        voices=voice_lookup(services.voices),
        agents=services.agents.find if len(services.agents) else None,
        strict=services.config.server.strict,
    )
    return AgentEndpoint(services, meter, route, dialect)


def deepgram_listen(services: Services, handshake: Handshake, meter: UsageMeter) -> Endpoint:
    """`/v1/listen`, live."""
    engine = services.engines.require(Role.RECOGNIZER).spec.name
    created = rfc3339(services.wall())
    strict = services.config.server.strict
    dialect = ListenV1Dialect(handshake, services.ids, created=created, engine=engine, models=(engine,), strict=strict)
    return ListenEndpoint(services, meter, "/v1/listen", dialect)


def deepgram_flux(services: Services, handshake: Handshake, meter: UsageMeter) -> Endpoint:
    """`/v2/listen`."""
    models = (services.engines.require(Role.RECOGNIZER).spec.name,)
    dialect = FluxDialect(handshake, services.ids, models=models, strict=services.config.server.strict)
    return ListenEndpoint(services, meter, "/v2/listen", dialect)


def deepgram_speak(services: Services, handshake: Handshake, meter: UsageMeter) -> Endpoint:
    """`/v1/speak` as a socket."""
    voices, strict = voice_lookup(services.voices), services.config.server.strict
    return SpeakEndpoint(
        services,
        meter,
        "/v1/speak",
        lambda rate: SpeakV1Dialect(handshake, services.ids, voices, rate=rate, strict=strict),
    )


def deepgram_flux_speak(services: Services, handshake: Handshake, meter: UsageMeter) -> Endpoint:
    """`/v2/speak` as a socket."""
    voices, strict = voice_lookup(services.voices), services.config.server.strict
    return SpeakEndpoint(
        services,
        meter,
        "/v2/speak",
        lambda rate: SpeakV2Dialect(handshake, services.ids, voices, rate=rate, strict=strict),
    )


def cartesia_call_stream(services: Services, handshake: Handshake, meter: UsageMeter) -> Endpoint:
    """`/agents/stream/{agent_id}`: the last part of the path names the agent. Raises `Violation("agent_not_found")`."""
    agent = services.agents.find(handshake.path.rstrip("/").rpartition("/")[2])
    dialect = LineStreamDialect(
        agent, services.ids, voices=voice_lookup(services.voices), strict=services.config.server.strict
    )
    return AgentEndpoint(services, meter, CALL_STREAM, dialect)


CALL_STREAM = "/agents/stream/{agent_id}"

ROUTES: tuple[SocketRoute, ...] = (
    SocketRoute(CALL_STREAM, Vendor.CARTESIA, Kind.AGENT, cartesia_call_stream),
    SocketRoute("/stt/turns/websocket", Vendor.CARTESIA, Kind.STT, cartesia_stt_turns),
    SocketRoute("/stt/websocket", Vendor.CARTESIA, Kind.STT, cartesia_stt_manual),
    SocketRoute("/v1/agent/converse", Vendor.DEEPGRAM, Kind.AGENT, partial(deepgram_agent, route="/v1/agent/converse")),
    SocketRoute("/agent", Vendor.DEEPGRAM, Kind.AGENT, partial(deepgram_agent, route="/agent")),
    SocketRoute("/v1/listen", Vendor.DEEPGRAM, Kind.STT, deepgram_listen),
    SocketRoute("/v2/listen", Vendor.DEEPGRAM, Kind.STT, deepgram_flux),
    SocketRoute("/v1/speak", Vendor.DEEPGRAM, Kind.TTS, deepgram_speak),
    SocketRoute("/v2/speak", Vendor.DEEPGRAM, Kind.TTS, deepgram_flux_speak),
    SocketRoute("/tts/websocket", Vendor.CARTESIA, Kind.TTS, cartesia_tts),
)


def find_route(path: str, routes: tuple[SocketRoute, ...] = ROUTES) -> SocketRoute | None:
    """The route a path means, `None` for none."""
    plain = path.rstrip("/")
    return next((route for route in routes if _means(plain, route.path)), None)


def _means(path: str, route: str) -> bool:
    if not route.endswith("}"):
        return path.endswith(route)
    before, _, name = path.rpartition("/")
    return bool(name) and before.endswith(route.rpartition("/")[0])
