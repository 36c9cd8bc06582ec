"""What can go wrong with a connection of ours to somebody else's service. Each belongs to one of the four families."""

from __future__ import annotations

from duologue.errors import Refused, Violation


class AuthenticationError(Refused):
    """The service does not accept the API key (401, 403)."""

    def __init__(self, message: str) -> None:
        super().__init__("authentication", message)


class AgentNotFound(Refused):
    """The service knows no agent of that id (404)."""

    def __init__(self, message: str) -> None:
        super().__init__("agent_not_found", message)


class ConnectionFailed(Refused):
    """The service cannot be reached, or refused the connection for a reason of its own."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__("connection_failed", message, retry_after_s=retry_after_s)


class ClientClosed(Violation):
    """A method was called on a client, a player or a call that is over, or it ended while somebody waited for it."""

    def __init__(self, what: str) -> None:
        super().__init__("client_closed", f"{what} is closed", remedy="Create a new one.")
