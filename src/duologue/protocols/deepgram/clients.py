"""Which client release is on the line, and what it survives (Deepgram docs: SDK release notes; D§2.5, D§12.1).

Some releases of the Python SDK stop listening for good when a message has a type they do not know. They announce themselves, so we leave
out what they choke on; everybody else gets the documented set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from duologue.protocols.query import Handshake

Version: TypeAlias = tuple[int, int, int]


class Language(StrEnum):
    """Of the SDK."""

    PYTHON = "python"
    JAVASCRIPT = "javascript"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Client:
    """An SDK and its release; `version` is `None` when it does not say."""

    language: Language = Language.UNKNOWN
    version: Version | None = None

    @property
    def takes_new_messages(self) -> bool:
        """On listening sockets: types and members that came after the release do no harm (D§12.3)."""
        if self.language is not Language.PYTHON or self.version is None:
            return True
        return self.version != (6, 0, 0) and not (5, 0, 0) <= self.version <= (5, 3, 2)

    def accepts(self, message: str) -> bool:
        """Whether an agent message of this type may be sent to it."""
        if self.language is not Language.PYTHON or self.version is None:
            return True
        if self.version == (6, 0, 0):
            return message in _KNOWN_TO_OLD and message != "History"
        if (5, 0, 0) <= self.version <= (5, 3, 2):
            return message in _KNOWN_TO_OLD
        return True


_KNOWN_TO_OLD = frozenset(
    (
        "Welcome",
        "SettingsApplied",
        "ConversationText",
        "UserStartedSpeaking",
        "AgentThinking",
        "AgentStartedSpeaking",
        "AgentAudioDone",
        "FunctionCallRequest",
        "FunctionCallResponse",
        "InjectionRefused",
        "PromptUpdated",
        "SpeakUpdated",
        "History",
        "Warning",
        "Error",
    )
)
"""The types of the message union of Python 5.0.0 to 5.3.2 and, but for `History`, of 6.0.0. Anything else kills their receive loop."""

_VERSION = re.compile(r"v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?")
_AGENTS = (
    (re.compile(r"^deepgram-sdk/(?P<version>\S+)"), Language.PYTHON),  # Python from 5.0 on
    (re.compile(r"^@deepgram/sdk/(?P<version>\S+) python"), Language.PYTHON),  # Python V0 to 4.x
    (re.compile(r"^@deepgram/sdk/(?P<version>\S+)"), Language.JAVASCRIPT),
)


def identify(handshake: Handshake) -> Client:
    """The client by its `X-Fern-SDK-Version` or `User-Agent`; V0 Python sends two of the latter."""
    fern = handshake.header("x-fern-sdk-version")
    if fern:
        named = handshake.header("x-fern-language").lower()
        language = next((each for each in Language if each.value == named), Language.UNKNOWN)
        return Client(language, _version(fern))
    for agent in handshake.header_values("user-agent"):
        for pattern, language in _AGENTS:
            if found := pattern.match(agent):
                return Client(language, _version(found["version"]))
    if handshake.header("x-client-info").startswith("@deepgram/sdk"):
        return Client(Language.JAVASCRIPT, _version(handshake.header("x-client-info").rpartition(" v")[2]))
    return Client()


def _version(text: str) -> Version | None:
    found = _VERSION.match(text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None
