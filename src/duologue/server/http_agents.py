"""Cartesia's agents and calls over HTTP: `/agents` (C§13). The agents are those of the configuration: they can be looked up, not changed.

Nothing is kept of calls, no number is rented and nobody judges: those lists are empty, their items unknown, and making one is refused.
"""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, delete, get, patch, post

from duologue.agent.named_agent import NamedAgent
from duologue.auth.concurrency import Kind
from duologue.auth.credentials import read_credentials
from duologue.errors import Refused, Violation
from duologue.protocols.query import Query
from duologue.server.http_description import DESCRIBED, Described, Parameter
from duologue.server.pages import TURNING, page_of
from duologue.server.requests import AnyRequest, handshake_of, identify_key
from duologue.server.services import Services
from duologue.speak.voices import VoiceCatalogue

CREATED_AT = "2026-01-01T00:00:00Z"
"""A definition has no birthday; the clients' types want one."""
EXPORT_COLUMNS = "metric_id,metric_name,agent_id,deployment_id,call_id,status,result,created_at\r\n"
"""The head of an empty export."""

_ONE = {DESCRIBED: Described("agents")}
_NOT_KEPT = {DESCRIBED: Described("not kept here")}
_EMPTY = {DESCRIBED: Described("not kept here", query=TURNING)}
_CALLS = {DESCRIBED: Described("not kept here", query=(Parameter("agent_id", "Whose calls"), *TURNING))}
_NEW = {DESCRIBED: Described("not here")}

_AGENT = "/agents/{agent_id:str}"
_METRIC = "/agents/{agent_id:str}/metrics/{item_id:str}"
_CALL = "/agents/calls/{item_id:str}"


def agents_router(services: Services) -> Router:
    """Agents."""

    @get("/agents", opt=_ONE)
    async def agents(request: AnyRequest) -> dict[str, Any]:
        """All agents of this server."""
        await identify_key(services, request)
        return {"summaries": [agent_body(agent, services.voices) for agent in services.agents]}

    @get(_AGENT, opt=_ONE)
    async def agent(request: AnyRequest) -> dict[str, Any]:
        """One agent."""
        return agent_body(await _find(services, request), services.voices)

    @patch(_AGENT, opt=_ONE)
    async def change(request: AnyRequest) -> None:
        """Refused: agents are changed where they are defined."""
        await _refuse_change(services, request)

    @delete(_AGENT, opt=_ONE)
    async def remove(request: AnyRequest) -> None:
        """Refused: agents are changed where they are defined."""
        await _refuse_change(services, request)

    @get(["/agents/{agent_id:str}/phone-numbers", "/agents/{agent_id:str}/deployments"], opt=_NOT_KEPT)
    async def nothing_of(request: AnyRequest) -> list[Any]:
        """An empty list: an agent here has no rented number, and is not deployed but read at the start."""
        await _find(services, request)
        return []

    @get("/agents/{agent_id:str}/documents/query", opt=_NOT_KEPT)
    async def documents(request: AnyRequest) -> dict[str, Any]:
        """Nothing is found: there are no documents here."""
        # agent programs ask with the token of their call, and wait three seconds for an answer
        identity = await services.identify(read_credentials(handshake_of(request)))
        identity.require(Kind.AGENT)
        return {"results": []}

    return Router("/", route_handlers=[agents, agent, change, remove, nothing_of, documents])


def calls_router(services: Services) -> Router:
    """What Cartesia keeps of agents' calls, and this server does not."""

    @get(["/agents/calls"], opt=_CALLS)
    async def calls(request: AnyRequest) -> dict[str, Any]:
        """An empty page: no calls are kept here."""
        return await _empty_page(services, request)

    @get(["/agents/metrics", "/agents/metrics/results"], opt=_EMPTY)
    async def metrics(request: AnyRequest) -> dict[str, Any]:
        """An empty page: calls are not judged here."""
        return await _empty_page(services, request)

    @get("/agents/metrics/results/export", opt={DESCRIBED: Described("not kept here", answers=("text/csv",))})
    async def export(request: AnyRequest) -> Response[str]:
        """An empty table: calls are not judged here."""
        await identify_key(services, request)
        return Response(EXPORT_COLUMNS, media_type="text/csv")

    @get("/agents/templates", opt=_NOT_KEPT)
    async def templates(request: AnyRequest) -> dict[str, Any]:
        """An empty list: examples come with the program."""
        await identify_key(services, request)
        return {"templates": []}

    @post(["/agents/calls", "/agents/metrics"], status_code=200, opt=_NEW)
    async def make(request: AnyRequest) -> None:
        """Refused: this server rents no numbers to call from, and judges no calls."""
        await identify_key(services, request)
        raise Refused("not_implemented", f"This server cannot do POST {request.url.path}")

    looked_up = [_CALL, f"{_CALL}/audio", "/agents/deployments/{item_id:str}", "/agents/metrics/{item_id:str}"]

    @get([*looked_up, "/v1/agents", "/v1/agents/{item_id:str}"], opt=_NOT_KEPT)
    async def look_up(request: AnyRequest) -> None:
        """Not found: none are kept here."""
        await _refuse_item(services, request)

    @post([f"{_CALL}/cancel", _METRIC, "/v1/agents"], status_code=200, opt=_NOT_KEPT)
    async def act(request: AnyRequest) -> None:
        """Not found: none are kept here."""
        await _refuse_item(services, request)

    @delete([_CALL, _METRIC], opt=_NOT_KEPT)
    async def forget(request: AnyRequest) -> None:
        """Not found: none are kept here."""
        await _refuse_item(services, request)

    return Router("/", route_handlers=[calls, metrics, export, templates, make, look_up, act, forget])


def agent_body(agent: NamedAgent, voices: VoiceCatalogue) -> dict[str, Any]:
    """An agent as a summary."""
    spoken = agent.settings.speak.choices[0]
    return {
        "id": agent.id,
        "name": agent.id,
        "description": agent.description or None,
        "created_at": CREATED_AT,
        "updated_at": CREATED_AT,
        "deleted_at": None,
        "deployment_count": 0,
        "has_text_to_agent_run": False,
        "tts_language": spoken.language,
        "tts_voice": voices.find(spoken.voice).id,
        "phone_numbers": [],
        "git_deploy_branch": None,
        "git_repository": None,
        "webhook_id": None,
    }


async def _find(services: Services, request: AnyRequest) -> NamedAgent:
    await identify_key(services, request)
    return services.agents.find(str(request.path_params["agent_id"]))


async def _refuse_change(services: Services, request: AnyRequest) -> None:
    agent = await _find(services, request)
    raise Refused("forbidden", f"Agent {agent.id!r} is changed where it is defined, not over HTTP")


async def _empty_page(services: Services, request: AnyRequest) -> dict[str, Any]:
    await identify_key(services, request)
    query: Query = handshake_of(request).query
    return page_of((), query, str, str)


async def _refuse_item(services: Services, request: AnyRequest) -> None:
    await identify_key(services, request)
    raise Violation("not_found", f"This server keeps nothing at {request.url.path[:200]!r}")
