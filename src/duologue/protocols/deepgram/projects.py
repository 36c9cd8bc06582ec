"""Deepgram's management of projects, as far as a server has something to tell: its one project, its models, its agents (D§5.13).

Whatever id a client names for a project, it means this server.
"""

from __future__ import annotations

from duologue import __version__
from duologue.protocols.codec import Message
from duologue.protocols.deepgram.listen_messages import MODEL_UUID

PROJECT_ID = "5b0f3a52-7c1d-4e86-9a40-6d2e8c94b7f1"
PROJECT_NAME = "duologue"
LISTENING = ("nova-3", "nova-2", "base", "flux-general-en")
"""The vendor's names that clients look for most; there are more that mean the recogniser here."""


class Project(Message):
    """One project."""

    project_id: str
    name: str
    mip_opt_out: bool = True
    """Nobody learns from what is said here."""


class Projects(Message):
    """`GET /v1/projects`."""

    projects: list[Project]


class ListeningModel(Message):
    """A name under which the recogniser can be asked for."""

    name: str
    canonical_name: str
    architecture: str
    languages: list[str]
    version: str
    uuid: str
    batch: bool
    streaming: bool
    formatted_output: bool


class VoiceAbout(Message):
    """What is known of a voice."""

    accent: str
    age: str
    color: str
    image: str
    sample: str
    tags: list[str]
    use_cases: list[str]


class SpeakingModel(Message):
    """A voice."""

    name: str
    canonical_name: str
    architecture: str
    languages: list[str]
    version: str
    uuid: str
    metadata: VoiceAbout


class Models(Message):
    """`GET /v1/models`."""

    stt: list[ListeningModel]
    tts: list[SpeakingModel]


class AgentConfiguration(Message):
    """An agent that settings may name by its id. The whole of it stays in the server's configuration."""

    agent_id: str
    config: dict[str, str]
    metadata: dict[str, str]


class AgentConfigurations(Message):
    """`GET /v1/projects/{id}/agents`."""

    agents: list[AgentConfiguration]


class NoVariables(Message):
    """`GET /v1/projects/{id}/agent-variables`: none are kept."""

    variables: tuple[str, ...] = ()


class NoBalances(Message):
    """`GET /v1/projects/{id}/balances`: nothing is paid for."""

    balances: tuple[str, ...] = ()


def listening_models(engine: str, languages: tuple[str, ...]) -> list[ListeningModel]:
    """The recogniser under its own name, and under the vendor's."""
    return [
        ListeningModel(
            name=name,
            canonical_name=name,
            architecture=engine,
            languages=list(languages),
            version=__version__,
            uuid=MODEL_UUID,
            batch=not name.startswith("flux"),
            streaming=True,
            formatted_output=False,
        )
        for name in (engine, *LISTENING)
    ]


def speaking_model(name: str, voice_id: str, engine: str, locale: str, about: str, gender: str) -> SpeakingModel:
    """A voice as a model."""
    return SpeakingModel(
        name=name,
        canonical_name=name,
        architecture=engine,
        languages=[locale],
        version=__version__,
        uuid=voice_id,
        metadata=VoiceAbout(accent=locale, age="", color="", image="", sample="", tags=[gender, about], use_cases=[]),
    )
