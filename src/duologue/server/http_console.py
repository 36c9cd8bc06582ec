"""The console page and its files. No credential needed: they hold nothing private, and the page asks for a token like any client."""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, get
from litestar.exceptions import NotFoundException

from duologue.console.page import HEADERS, PAGE, console_file
from duologue.server.http_description import DESCRIBED, Described
from duologue.server.requests import AnyRequest

_PAGE = {DESCRIBED: Described("server", answers=("text/html",), key=False)}
_PART = {DESCRIBED: Described("server", answers=("text/javascript", "text/css"), key=False)}


def console_router() -> Router:
    """`/console` and what it loads."""

    @get("/console", sync_to_thread=False, opt=_PAGE)
    def console(request: AnyRequest) -> Response[Any]:
        """The page that transcribes the microphone and talks to the agent."""
        # its files are named relative to it: a slash at the end would misplace them
        if request.scope["raw_path"].endswith(b"/"):
            return Response(None, status_code=307, headers={"location": "../console"})
        return console_answer(PAGE)

    @get("/console/{name:str}", sync_to_thread=False, opt=_PART)
    def console_part(request: AnyRequest) -> Response[Any]:
        """A script, worklet or style."""
        return console_answer(str(request.path_params["name"]))

    return Router("/", route_handlers=[console, console_part])


def console_answer(name: str) -> Response[Any]:
    """A file of the page. Raises `NotFoundException`."""
    found = console_file(name)
    if found is None:
        raise NotFoundException
    return Response(found.content, media_type=found.media_type, headers=dict(HEADERS))


def wants_page(request: AnyRequest) -> bool:
    """A person with a browser is asking: programs ask for JSON, or for anything."""
    return "text/html" in request.headers.get("accept", "")
