"""The table of sockets."""

from __future__ import annotations

import pytest

from duologue.server.routes import ROUTES, find_route


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_every_route_is_found_with_prefix_and_slash(route: object) -> None:
    path = route.path  # type: ignore[attr-defined]
    for written in (path, f"{path}/", f"/cart{path}", f"/a/b{path}//"):
        assert find_route(written) is route


@pytest.mark.parametrize("path", ["", "/", "/websocket", "/tts", "/mytts/websocket", "/tts/websocket/more"])
def test_other_paths_are_no_route(path: str) -> None:
    assert find_route(path) is None


def test_no_route_is_the_end_of_another() -> None:
    for one in ROUTES:
        assert [other for other in ROUTES if other.path.endswith(one.path)] == [one]
