"""Deepgram's management: the one project, its models, its agents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from duologue.auth.keys import KeyStore
from duologue.protocols.deepgram.projects import PROJECT_ID
from duologue.server.app import Application
from duologue.sim.clock import run
from duologue.storage import Database
from tests.server.driving import application, light
from tests.server.test_connection import real
from tests.server.test_http import request
from tests.server.test_http_deepgram_account import authorized

AGENTS = {"shop": {"introduction": "Welcome.", "description": "Sells.", "models": [{"provider": "rules"}]}}
ANY = "/v1/projects/0d6f2c9a-7b0e-4c57-9f3a-5b7d2c1e8a44"


def asked(path: str, method: str = "GET", body: bytes = b"") -> tuple[int, Any]:
    async def main() -> tuple[int, Any]:
        async with application(light(agents=AGENTS)) as app:
            status, headers, answer = await request(app, path, method=method, body=body)
            assert headers["dg-request-id"]
            return status, answer

    return run(main())


def test_there_is_one_project_whatever_it_is_called() -> None:
    status, listed = asked("/v1/projects")
    assert (status, [each["project_id"] for each in listed["projects"]]) == (200, [PROJECT_ID])
    status, one = asked(ANY)
    assert (status, one["project_id"], one["name"]) == (200, ANY.rpartition("/")[2], "duologue")


@pytest.mark.parametrize("path", ["/v1/models", f"{ANY}/models"])
def test_models_are_the_recogniser_by_its_names_and_the_voices(path: str) -> None:
    status, models = asked(path)
    assert status == 200
    assert {"scripted", "nova-3", "flux-general-en"} <= {each["canonical_name"] for each in models["stt"]}
    assert {each["architecture"] for each in models["stt"]} == {"scripted"}
    assert "clara" in {each["name"] for each in models["tts"]}


def test_a_model_is_found_by_name_and_id() -> None:
    _, models = asked("/v1/models")
    clara = next(each for each in models["tts"] if each["name"] == "clara")
    assert asked("/v1/models/clara") == asked(f"/v1/models/{clara['uuid']}") == (200, clara)
    assert asked(f"{ANY}/models/nova-3")[1]["name"] == "nova-3"
    assert asked("/v1/models/nobody")[0] == 404


def test_the_agents_of_the_configuration_are_listed_and_belong_to_it() -> None:
    shop = {"agent_id": "shop", "config": {"greeting": "Welcome."}, "metadata": {"description": "Sells."}}
    status, listed = asked(f"{ANY}/agents")
    assert (status, shop in listed["agents"]) == (200, True)
    assert asked(f"{ANY}/agents/shop") == (200, shop)
    assert asked(f"{ANY}/agents/other")[0] == 404
    assert asked(f"{ANY}/agents", "POST", b"{}")[0] == 501
    for method in ("PUT", "DELETE"):
        assert asked(f"{ANY}/agents/shop", method)[0] == 403
        assert asked(f"{ANY}/agents/other", method)[0] == 404


def test_what_is_not_kept_is_empty_and_cannot_be_made() -> None:
    assert asked(f"{ANY}/agent-variables") == (200, {"variables": []})
    assert asked(f"{ANY}/balances") == (200, {"balances": []})
    assert asked(f"{ANY}/agent-variables", "POST", b"{}")[0] == 501
    for method in ("GET", "PATCH", "DELETE"):
        assert asked(f"{ANY}/agent-variables/x", method)[0] == 404
    assert asked(f"{ANY}/keys")[0] == 404
    status, refusal = asked("/v1/projects", "POST", b"{}")
    assert (status, refusal["err_code"]) == (405, "METHOD_NOT_ALLOWED")


def test_management_needs_a_key_and_no_token_of_a_browser(tmp_path: Path) -> None:
    async def look(app: Application, *headers: tuple[bytes, bytes]) -> int:
        return (await request(app, "/v1/projects", headers=list(headers)))[0]

    async def main() -> None:
        database = Database.open("", tmp_path)
        key = KeyStore(database).create("me", 0.0).text
        database.close()
        config = light(auth={"mode": "keys"}, server={"data_dir": str(tmp_path)})
        async with application(config) as app:
            _, _, granted = await request(app, "/v1/auth/grant", method="POST", headers=authorized(key))
            assert await look(app) == 401
            assert await look(app, *authorized(key)) == 200
            assert await look(app, *authorized(granted["access_token"], "Bearer")) == 403

    real(main())
