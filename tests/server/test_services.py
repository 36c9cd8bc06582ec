"""The object graph, and what is refused before anything starts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from duologue.auth.credentials import Credentials
from duologue.auth.keys import KeyStore
from duologue.config import parse_config
from duologue.errors import EngineFailure, Refused, Violation
from duologue.server.services import build_services
from duologue.storage import Database
from tests.server.driving import light


def build(folder: Path, **sections: Any) -> Any:
    async def main() -> Any:
        return build_services(parse_config(light(**sections)), folder=folder)

    return asyncio.run(main())


def test_without_keys_only_loopback_is_served(tmp_path: Path) -> None:
    with pytest.raises(Violation, match=r'auth.mode = "none" lets everybody use this server, and 0.0.0.0'):
        build(tmp_path, server={"host": "0.0.0.0"})
    for host in ("127.0.0.1", "127.0.0.9", "localhost", "::1"):
        build(tmp_path, server={"host": host})


@pytest.mark.parametrize("mode", ["auto", "keys"])
def test_other_addresses_need_a_key_before_the_start(tmp_path: Path, mode: str) -> None:
    sections = {"server": {"host": "192.0.2.1"}, "auth": {"mode": mode}}
    with pytest.raises(Violation, match="duologue keys create"):
        build(tmp_path, **sections)
    database = Database.open(folder=tmp_path)
    KeyStore(database).create("me", 0.0)
    database.close()
    build(tmp_path, **sections).database.close()


def test_on_loopback_the_door_is_open_until_the_first_key(tmp_path: Path) -> None:
    async def main() -> None:
        services = build_services(parse_config(light(auth={"mode": "auto"})), folder=tmp_path)
        assert (await services.identify(Credentials(None))).name == "anonymous"
        assert services.database is not None
        made = KeyStore(services.database).create("me", 0.0)
        with pytest.raises(Refused):
            await services.identify(Credentials(None))
        assert (await services.identify(Credentials(made.text))).name == "me"
        services.database.close()

    asyncio.run(main())


def test_a_database_that_is_away_is_no_wrong_key(tmp_path: Path) -> None:
    async def main() -> None:
        services = build_services(parse_config(light(auth={"mode": "keys"})), folder=tmp_path)

        class Away:
            asks_nothing = False

            def identify(self, credentials: Credentials) -> None:
                raise OperationalError("SELECT", {}, Exception("away"))

        services.authenticator = Away()  # type: ignore[assignment]
        with pytest.raises(EngineFailure, match="the database is away"):
            await services.identify(Credentials("x"))
        assert services.database is not None
        services.database.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("sections", "text"),
    [
        ({"speak": {"synthesizer": {"engine": "espeek"}}}, "Did you mean 'espeak'"),
        ({"speak": {"synthesizer": {"engine": ""}}}, "no synthesizer engine is configured"),
        ({"speak": {"synthesizer": {"engine": "tone"}, "default_voice": "nobody"}}, "no voice 'nobody'"),
        ({"think": {"default": "none"}}, "there is no provider 'none'"),
    ],
)
def test_what_the_configuration_asks_and_cannot_be_had_is_said(tmp_path: Path, sections: Any, text: str) -> None:
    with pytest.raises(Violation, match=text):
        build(tmp_path, **sections)


def test_the_books_are_kept_while_the_server_runs(tmp_path: Path) -> None:
    async def main() -> None:
        config = light(auth={"mode": "keys"}, usage={"enabled": True, "checkpoint_s": 0.001})
        services = build_services(parse_config(config), folder=tmp_path)
        started = asyncio.Event()
        checkpoints = asyncio.Event()
        written = services.ledger.checkpoint

        def checkpoint() -> None:
            written()
            checkpoints.set()

        services.ledger.checkpoint = checkpoint  # type: ignore[method-assign]
        running = asyncio.create_task(services.run(started.set))
        await started.wait()
        await checkpoints.wait()
        assert await services.missing() == []
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(main())
