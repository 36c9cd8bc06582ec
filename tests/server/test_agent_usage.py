"""What an agent's row says of the client's own model."""

from __future__ import annotations

from typing import Any

import pytest

from duologue.server.app import Application
from duologue.sim.clock import run
from tests.server.driving import Client, application

OWN = {"provider": {"type": "custom", "model": "m"}, "endpoint": {"url": "https://models.example/v1/chat/completions"}}
OURS = {"provider": {"type": "open_ai", "model": "gpt-4o-mini"}}


def own_of(app: Application) -> str:
    """Of the only connection."""
    (meter,) = app.services.ledger._open.values()
    return meter.own


@pytest.mark.parametrize(
    ("think", "own"), [(OWN, "model"), ([OWN, OWN], "model"), (OURS, ""), ([OWN, OURS], ""), (None, "")]
)
def test_the_settings_say_whose_model_it_is(think: Any, own: str) -> None:
    async def main() -> None:
        async with application() as app:
            client = await Client(app, "/v1/agent/converse").connect()
            assert own_of(app) == ""
            client.send({"type": "Settings", "agent": {} if think is None else {"think": think}})
            await client.heard("SettingsApplied")
            assert own_of(app) == own
            await client.socket.close()

    run(main())


def test_a_model_of_ours_later_on_counts_for_the_whole_session() -> None:
    async def main() -> None:
        async with application() as app:
            client = await Client(app, "/v1/agent/converse").connect()
            client.send({"type": "Settings", "agent": {"think": OWN}})
            await client.heard("SettingsApplied")
            for think, own in ((OWN, "model"), (OURS, ""), (OWN, "")):
                client.send({"type": "UpdateThink", "think": think})
                await client.heard("ThinkUpdated", client.kinds().count("ThinkUpdated") + 1)
                assert own_of(app) == own
            await client.socket.close()

    run(main())
