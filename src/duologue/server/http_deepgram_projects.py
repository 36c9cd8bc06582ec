"""Deepgram's management over HTTP, for programs that look at their project, its models and its agents before they begin (D§5.13).

What can be told is told, and what is not kept is empty; making and changing is refused, so that no program believes it was done. Tokens of
browsers open none of it.
"""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, delete, get, patch, post, put

from duologue.agent.named_agent import NamedAgent
from duologue.errors import DuologueError, Refused
from duologue.protocols.codec import encode
from duologue.protocols.deepgram.projects import (
    PROJECT_ID,
    PROJECT_NAME,
    AgentConfiguration,
    AgentConfigurations,
    ListeningModel,
    Models,
    NoBalances,
    NoVariables,
    Project,
    Projects,
    SpeakingModel,
    listening_models,
    speaking_model,
)
from duologue.runtime.engines import Role
from duologue.server.http_description import DESCRIBED, Described
from duologue.server.refusals import Vendor, refusal_of
from duologue.server.requests import AnyRequest, identify_key
from duologue.server.services import Services

PROJECT = "/v1/projects/{project_id:str}"
AGENTS, VARIABLES = f"{PROJECT}/agents", f"{PROJECT}/agent-variables"
_PROJECTS = {DESCRIBED: Described("projects")}
_NOT_KEPT = {DESCRIBED: Described("not kept here")}


def deepgram_projects_router(services: Services) -> Router:
    """One project, whatever its id."""

    @get(["/v1/projects", PROJECT], opt=_PROJECTS)
    async def projects(request: AnyRequest) -> Response[bytes]:
        """The one project, or all of them, which is the same."""
        await identify_key(services, request)
        named = request.path_params.get("project_id")
        project = Project(str(named or PROJECT_ID), PROJECT_NAME)
        return _answer(services, project if named else Projects([project]))

    @get(["/v1/models", f"{PROJECT}/models"], opt=_PROJECTS)
    async def models(request: AnyRequest) -> Response[bytes]:
        """What hears and what speaks."""
        await identify_key(services, request)
        return _answer(services, models_of(services))

    @get(["/v1/models/{model_id:str}", PROJECT + "/models/{model_id:str}"], opt=_PROJECTS)
    async def model(request: AnyRequest) -> Response[bytes]:
        """One of them, by its name or its id."""
        await identify_key(services, request)
        return _answer(services, find_model(services, str(request.path_params["model_id"])))

    def refused(_: AnyRequest, error: DuologueError) -> Response[bytes]:
        refusal = refusal_of(Vendor.DEEPGRAM, error, services.ids.uuid())
        return Response(
            refusal.body, status_code=refusal.status, headers=dict(refusal.headers), media_type="application/json"
        )

    return Router(
        "/",
        route_handlers=[projects, models, model, *_agent_handlers(services)],
        exception_handlers={DuologueError: refused},
    )


def _agent_handlers(services: Services) -> list[Any]:
    """Agents and variables: those of the configuration, and none."""

    @get([AGENTS, AGENTS + "/{agent_id:str}"], opt=_PROJECTS)
    async def agents(request: AnyRequest) -> Response[bytes]:
        """The agents that settings may name."""
        await identify_key(services, request)
        agent_id = request.path_params.get("agent_id")
        kept = {agent.id: _configuration(agent) for agent in services.agents}
        if agent_id is None:
            return _answer(services, AgentConfigurations([*kept.values()]))
        if agent_id not in kept:
            raise Refused("not_found", f"There is no agent {str(agent_id)[:80]!r}")
        return _answer(services, kept[agent_id])

    @get([VARIABLES, f"{PROJECT}/balances"], opt=_NOT_KEPT)
    async def nothing(request: AnyRequest) -> Response[bytes]:
        """Empty: none are kept here."""
        await identify_key(services, request)
        variables = request.url.path.rstrip("/").endswith("agent-variables")
        return _answer(services, NoVariables() if variables else NoBalances())

    @post([AGENTS, VARIABLES], status_code=200, opt=_NOT_KEPT)
    async def make(request: AnyRequest) -> None:
        """Refused: agents are made in the server's configuration."""
        await identify_key(services, request)
        raise Refused("not_implemented", "Agents are defined in the configuration of this server")

    changes = [AGENTS + "/{agent_id:str}", VARIABLES + "/{variable_id:str}"]

    async def refuse_change(request: AnyRequest) -> None:
        """Refused: what there is belongs to the server's configuration."""
        await identify_key(services, request)
        if str(request.path_params.get("agent_id")) in {agent.id for agent in services.agents}:
            raise Refused("forbidden", "The agents of this server are changed in its configuration")
        raise Refused("not_found", f"There is nothing at {request.url.path[:200]!r} here")

    kept = [method(changes, opt=_NOT_KEPT)(refuse_change) for method in (put, patch)]
    kept.append(delete(changes, status_code=200, opt=_NOT_KEPT)(refuse_change))
    kept.append(get(VARIABLES + "/{variable_id:str}", opt=_NOT_KEPT)(refuse_change))
    return [agents, nothing, make, *kept]


def models_of(services: Services) -> Models:
    """The recogniser under its names, and the voices."""
    info = services.engines.require(Role.RECOGNIZER).host.info
    return Models(
        stt=listening_models(info.name, info.languages),
        tts=[
            speaking_model(voice.name, voice.id, voice.engine, voice.locale, voice.description, voice.gender.value)
            for voice in services.voices
        ],
    )


def find_model(services: Services, name: str) -> ListeningModel | SpeakingModel:
    """By name or id. Raises `Refused("not_found")`."""
    listed = models_of(services)
    all_of_them: list[ListeningModel | SpeakingModel] = [*listed.stt, *listed.tts]
    found = next((model for model in all_of_them if name in (model.name, model.uuid)), None)
    if found is None:
        raise Refused("not_found", f"There is no model {name[:80]!r}")
    return found


def _configuration(agent: NamedAgent) -> AgentConfiguration:
    described = {"description": agent.description} if agent.description else {}
    return AgentConfiguration(agent.id, {"greeting": agent.settings.greeting}, described)


def _answer(services: Services, body: Any) -> Response[bytes]:
    headers = {"dg-request-id": services.ids.uuid()}
    return Response(encode(body).encode(), media_type="application/json", headers=headers)
