"""Pronunciation dictionaries over HTTP, and how they change what is said."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from duologue.server.app import Application
from duologue.sim.clock import run
from tests.server.driving import Client, application, light
from tests.server.test_connection import with_keys
from tests.server.test_http import request
from tests.server.test_http_speech import RAW, events, post, wanted

PATH = "/pronunciation-dicts/"
ITEMS = [{"text": "nginx", "alias": "a b c d e f g h"}]


async def send(app: Application, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
    data = b"" if body is None else json.dumps(body).encode()
    status, _, answer = await request(app, path, method=method, body=data, **options)
    return status, answer


def test_a_dictionary_is_made_read_changed_and_deleted() -> None:
    async def main() -> None:
        async with application() as app:
            status, made = await send(app, "POST", PATH, {"name": "Words", "items": ITEMS})
            assert status == 200
            assert made == {
                "id": made["id"],
                "name": "Words",
                "description": "",
                "owner_id": "",
                "access": "private",
                "pinned": False,
                "created_at": "2001-09-09T01:46:40Z",
                "items": [
                    {
                        "text": "nginx",
                        "alias": "a b c d e f g h",
                        "pronunciation": "a b c d e f g h",
                        "case_sensitive": False,
                    }
                ],
            }
            item = PATH + made["id"]
            assert await send(app, "GET", item) == (200, made)
            status, now = await send(app, "PATCH", item, {"items": [{"text": "US", "pronunciation": "U S"}]})
            assert (status, now["name"], now["items"][0]["alias"]) == (200, "Words", "U S")
            status, now = await send(app, "PATCH", item, {"name": "More", "items": None})
            assert (status, now["name"], now["items"][0]["text"]) == (200, "More", "US")
            assert await send(app, "DELETE", item) == (204, "")
            for method in ("GET", "PATCH", "DELETE"):
                status, answer = await send(app, method, item, {})
                assert (status, answer["title"]) == (404, "Unknown pronunciation dictionary")

    run(main())


def test_dictionaries_are_paged_the_newest_first() -> None:
    async def main() -> None:
        async with application() as app:
            made = [(await send(app, "POST", PATH, {"name": f"n{number}"}))[1]["id"] for number in range(5)]
            seen: list[str] = []
            while page := (await send(app, "GET", f"{PATH}?limit=2&starting_after={seen[-1] if seen else ''}"))[1][
                "data"
            ]:
                seen += [dictionary["id"] for dictionary in page]
            assert seen == made[::-1]

    run(main())


def test_a_bad_dictionary_is_refused_with_the_path_of_what_is_wrong() -> None:
    async def main() -> None:
        async with application() as app:
            status, answer = await send(app, "POST", PATH, {"name": "x", "items": [{"text": "a"}]})
            assert (status, answer["title"]) == (400, "Invalid request")
            assert answer["message"].startswith("items[0].alias:")

    run(main())


def test_a_key_owns_what_it_made_and_tokens_make_nothing() -> None:
    async def main() -> None:
        key = [(b"x-api-key", b"good")]
        async with application(change=with_keys) as app:
            assert (await send(app, "POST", PATH, {"name": "x"}))[0] == 401
            status, made = await send(app, "POST", PATH, {"name": "x"}, headers=key)
            assert (status, bool(made["owner_id"])) == (200, True)
            _, token = await send(app, "POST", "/access-token", {"grants": {"tts": True}}, headers=key)
            bearer = [(b"authorization", f"Bearer {token['token']}".encode())]
            assert (await send(app, "GET", PATH, headers=bearer))[0] == 403

    asyncio.run(main())


def test_words_are_said_as_the_dictionary_says_and_shown_as_they_were_written() -> None:
    async def main() -> None:
        async with application() as app:
            _, made = await send(app, "POST", PATH, {"name": "Words", "items": ITEMS})
            asked = {"transcript": "Use nginx.", "add_timestamps": True, "output_format": RAW}
            _, _, plain = await post(app, "/tts/bytes", wanted(transcript="Use nginx."))
            _, _, taught = await post(
                app, "/tts/bytes", wanted(transcript="Use nginx.", pronunciation_dict_id=made["id"])
            )
            assert len(taught) > 1.5 * len(plain)
            _, _, text = await post(app, "/tts/sse", wanted(**asked, pronunciation_dict_id=made["id"]))
            words = [word for e in events(text) if e["type"] == "timestamps" for word in e["word_timestamps"]["words"]]
            assert words == ["Use", "nginx."]

    run(main())


def generation(**members: Any) -> dict[str, Any]:
    return {**wanted(transcript="Use nginx."), "context_id": "c", **members}


async def heard(app: Application, message: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """How much audio came on the socket, and the last event."""
    client = await Client(app, "/tts/websocket").connect()
    client.send(message)
    await client.until(lambda client: client.kinds()[-1:] in (["done"], ["error"]))
    told = client.messages
    await client.socket.close()
    return sum(len(event.get("data", "")) for event in told), told[-1]


def test_a_context_speaks_with_a_dictionary() -> None:
    async def main() -> None:
        async with application() as app:
            _, made = await send(app, "POST", PATH, {"name": "Words", "items": ITEMS})
            plain, _ = await heard(app, generation())
            taught, last = await heard(app, generation(pronunciation_dict_id=made["id"]))
            assert (taught > 1.5 * plain, last["type"]) == (True, "done")

    run(main())


def test_an_unknown_dictionary_changes_nothing_unless_the_server_is_strict() -> None:
    async def main() -> None:
        asked = generation(pronunciation_dict_id="none")
        async with application() as app:
            assert (await heard(app, asked))[1]["type"] == "done"
            assert (await post(app, "/tts/bytes", wanted(pronunciation_dict_id="none")))[0] == 200
        async with application(light(server={"strict": True})) as app:
            _, last = await heard(app, asked)
            assert (last["type"], last["status_code"], last["context_id"]) == ("error", 404, "c")
            assert last["title"] == "Unknown pronunciation dictionary"
            status, _, answer = await post(app, "/tts/bytes", wanted(pronunciation_dict_id="none"))
            assert (status, answer["title"]) == (404, "Unknown pronunciation dictionary")

    run(main())
