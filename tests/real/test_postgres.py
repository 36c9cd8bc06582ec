"""Keys, migrations, ledger, recovery and report on a real PostgreSQL, which the test starts itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, select, text
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from duologue.auth.keys import KeyStore
from duologue.errors import Violation
from duologue.server.dictionaries import DatabaseShelf, Dictionary
from duologue.speak.speech import Pronunciation
from duologue.storage import KEYS, METADATA, MIGRATIONS, USAGE, Database
from duologue.usage import ledger as ledger_module
from duologue.usage.ledger import Ledger
from duologue.usage.prices import PriceList, Rates
from duologue.usage.report import Part, Selection, report_usage
from duologue.usage.spool import Spool
from tests.private_postgres import PrivatePostgres, missing, private_postgres
from tests.running_server import running_server

pytestmark = [pytest.mark.real, pytest.mark.skipif(bool(missing()), reason=missing() or "-")]

LIGHT: dict[str, Any] = {
    "auth": {"mode": "keys"},
    "listen": {"voice_activity": {"engine": "energy"}, "recognizer": {"engine": "scripted"}},
    "speak": {"synthesizer": {"engine": "tone"}},
}


@pytest.fixture(scope="module")
def postgres() -> Iterator[PrivatePostgres]:
    with private_postgres() as running:
        yield running


@pytest.fixture
def url(postgres: PrivatePostgres) -> str:
    """Of a database without tables."""
    database = Database.open(postgres.url)
    with database.transaction() as connection:
        METADATA.drop_all(connection)
    database.close()
    return postgres.url


def rows(url: str) -> list[dict[str, Any]]:
    database = Database.open(url)
    with database.transaction() as connection:
        found = [dict(row) for row in connection.execute(select(USAGE).order_by(USAGE.c.id)).mappings()]
    database.close()
    return found


class Wall:
    """A wall clock that is set by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_several_servers_may_migrate_a_new_database_at_once(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        databases = list(pool.map(lambda _: Database.open(url), range(4)))
    with databases[0].transaction() as connection:
        found = inspect(connection)
        for table in METADATA.sorted_tables:
            assert {column["name"] for column in found.get_columns(table.name)} == {c.name for c in table.columns}
        assert connection.execute(text("SELECT count(*) FROM schema_versions")).scalar() == len(MIGRATIONS)
    for database in databases:
        database.close()


def test_rows_of_the_first_schema_are_kept_and_completed(url: str) -> None:
    import psycopg

    with psycopg.connect(url) as old:
        for statement in ("CREATE TABLE schema_versions (version BIGINT PRIMARY KEY)", *MIGRATIONS[0]):
            old.execute(statement)  # type: ignore[arg-type]
        old.execute("INSERT INTO schema_versions VALUES (1)")
        old.execute("INSERT INTO keys (prefix, digest, name, created_at) VALUES ('duo_1', '', 'me', 0)")
        old.execute("INSERT INTO usage VALUES ('a', 'duo_1', 'agent', '/agent', 'closed', 0, 1, 1, 0, 0, 0, 0, 0)")
    database = Database.open(url)
    with database.transaction() as connection:
        assert connection.execute(select(KEYS.c.name, KEYS.c.agents)).one() == ("me", None)
        assert connection.execute(select(USAGE.c.connection_s, USAGE.c.own)).one() == (1.0, "")
    database.close()


def test_pronunciation_dictionaries_are_kept_and_dropped(url: str) -> None:
    database = Database.open(url)
    shelf = DatabaseShelf(database)
    words = Dictionary(
        "d1", "Words", "duo_1", 1.0, (Pronunciation("北京", "Bay jing", case_sensitive=True),), pinned=True
    )
    shelf.put(Dictionary("d1", "Draft", "duo_1", 1.0))
    shelf.put(words)
    shelf.put(Dictionary("d2", "Later", "", 2.0))
    assert (shelf.get("d1"), shelf.names()) == (words, ["d2", "d1"])
    assert (shelf.drop("d1"), shelf.drop("d1"), shelf.names()) == (True, False, ["d2"])
    database.close()


def test_keys_are_made_found_limited_and_revoked(url: str) -> None:
    database = Database.open(url)
    store = KeyStore(database)
    assert not store.any()
    made = store.create("laptop", 1.0, lifetime_s=60.0, agents=2)
    assert store.find(made.text) == made.record
    assert store.find(made.text + "x") is None
    assert store.limit(made.record.prefix, connections=3, agents=None).connections == 3
    assert store.revoke(made.record.prefix, 5.0).revoked_at == 5.0
    assert [record.name for record in store.records()] == ["laptop"]
    with pytest.raises(Violation, match="there is no key"):
        store.revoke("duo_none", 1.0)
    assert store.any()
    database.close()


def test_usage_is_written_recovered_and_summed(url: str) -> None:
    wall = Wall()
    database = Database.open(url)
    killed = Ledger(database, wall)
    assert killed.start() == 0
    lasting, over = killed.open("a", "duo_1", "agent", "/agent"), killed.open("b", "duo_1", "tts", "/tts/websocket")
    over.characters = 12
    lasting.own = "model"
    wall.now += 1_800.0
    killed.checkpoint()
    killed.close(over)
    killed._open.clear()
    killed.stop()  # everything but the closing of the first, as after SIGKILL
    again = Ledger(database, wall)
    assert again.start() == 1
    again.stop()
    assert [(row["status"], row["connection_s"], row["characters"]) for row in rows(url)] == [
        ("recovered", 1_800.0, 0),
        ("closed", 1_800.0, 12),
    ]
    prices = PriceList([Rates(0.0, {"agent": 4.5, "agent_own_model": 3.9})])
    report = report_usage(database, Selection(since=0.0, until=2_000.0, key="duo_1"), [Part.KIND], prices)
    assert [(each.parts, each.recovered, each.price) for each in report.sums] == [
        (("agent",), 1, 1.95),
        (("tts",), 0, None),
    ]
    database.close()


def test_a_database_that_goes_away_and_comes_back_has_everything(
    postgres: PrivatePostgres, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "RETRY_S", 0.05)
    told: list[str] = []
    back, gone = threading.Event(), threading.Event()

    def complain(words: str) -> None:
        told.append(words)
        (back if "again" in words else gone).set()

    spool = Spool(tmp_path / "usage.spool")
    database = Database.open(url)
    ledger = Ledger(database, Wall(), complain, spool)
    ledger.start()
    before = ledger.open("a", "", "stt", "/")
    postgres.stop()
    try:
        during = ledger.open("b", "", "stt", "/")
        ledger.close(before)
        assert gone.wait(100)
    finally:
        postgres.start()
    assert back.wait(100), told
    ledger.close(during)
    ledger.stop()
    database.close()
    assert [(row["id"], row["status"]) for row in rows(url)] == [("a", "closed"), ("b", "closed")]
    assert spool.read() == []
    assert [words.split(";")[0] for words in told] == [
        "usage cannot be written (OperationalError)",
        "usage is written again",
    ]


def test_a_server_works_on_it_and_survives_a_kill(url: str, tmp_path: Path) -> None:
    with closing(Database.open(url)) as database:
        key = KeyStore(database).create("phone", 0.0, agents=3)
    headers = {"Authorization": f"Token {key.text}"}
    sections = LIGHT | {"storage": {"url": url}, "usage": {"checkpoint_s": 0.05}}
    open_calls: list[ClientConnection] = []
    with running_server(sections, folder=tmp_path) as killed, ExitStack() as calls:
        for _ in range(3):
            call = connect(f"{killed.ws}/agent", additional_headers=headers, close_timeout=0.1)
            open_calls.append(calls.enter_context(call))
        with pytest.raises(InvalidStatus, match="429"), connect(f"{killed.ws}/agent", additional_headers=headers):
            pass
        while len(lasting := [row for row in rows(url) if row["connection_s"] > 0]) < 3:
            for call in open_calls:
                call.send('{"type":"KeepAlive"}')
            time.sleep(0.1)  # until the next checkpoint
        killed.process.kill()
        killed.process.wait(100)
    with running_server(sections, folder=tmp_path) as again:
        assert "rows=3" in again.log
    config = tmp_path / "here.toml"
    config.write_text(f'[storage]\nurl = "{url}"\n')
    done = subprocess.run(
        [sys.executable, "-m", "duologue.cli.main", "usage", "--json", "--by", "key,kind", "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
        env=os.environ,
    )
    (told,) = json.loads(done.stdout)["sums"]
    assert (told["key"], told["kind"], told["connections"], told["recovered"]) == (key.record.prefix, "agent", 3, 3)
    assert told["connection_s"] >= sum(row["connection_s"] for row in lasting)


def test_a_server_that_is_not_there_is_said_without_the_password() -> None:
    with pytest.raises(Violation, match=r"storage.url: cannot open the database \(OperationalError\)") as caught:
        Database.open("postgresql://me:secret@127.0.0.1:1/nothing")
    assert "secret" not in str(caught.value)
