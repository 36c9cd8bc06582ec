"""Pronunciation dictionaries: kept in the database, or until the end of the process where there is none; used by the synthesisers.

A server is one household: every key sees and uses every dictionary, whichever key made it
(docs/decisions/0501-dictionaries-of-the-household.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import msgspec
from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from duologue.errors import EngineFailure, Refused, Violation
from duologue.speak.channel import SpeakEngines
from duologue.speak.pronunciation import Lexicon
from duologue.speak.speech import Pronunciation, SpeakOptions
from duologue.storage import DICTIONARIES, Database

MAX_DICTIONARIES = 1_000
"""Of a server."""
MAX_LEXICONS = 16
"""Dictionaries kept ready for looking up; those used least recently are read again."""

AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A pronunciation dictionary."""

    id: str
    name: str
    owner: str
    """The public prefix of the key that made it; empty where no key is needed."""
    created_at: float
    """Seconds since 1970."""
    items: tuple[Pronunciation, ...] = ()
    description: str = ""
    access: str = "private"
    pinned: bool = False


class Shelf(Protocol):
    """Where dictionaries are. Calls may block."""

    def names(self) -> list[str]:
        """Ids, the newest first."""
        ...

    def get(self, name: str) -> Dictionary | None:
        """The dictionary of an id."""
        ...

    def put(self, dictionary: Dictionary) -> None:
        """Add one, or replace that of the same id."""
        ...

    def drop(self, name: str) -> bool:
        """Forget one; whether it was there."""
        ...


class MemoryShelf:
    """Dictionaries of a server without a database."""

    def __init__(self) -> None:
        self._kept: dict[str, Dictionary] = {}

    def names(self) -> list[str]:
        """Ids, the newest first."""
        return list(reversed(self._kept))

    def get(self, name: str) -> Dictionary | None:
        """The dictionary of an id."""
        return self._kept.get(name)

    def put(self, dictionary: Dictionary) -> None:
        """Add one, or replace that of the same id."""
        self._kept[dictionary.id] = dictionary

    def drop(self, name: str) -> bool:
        """Forget one; whether it was there."""
        return self._kept.pop(name, None) is not None


class DatabaseShelf:
    """Dictionaries in the database, the same for all servers on it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def names(self) -> list[str]:
        """Ids, the newest first."""
        order = (DICTIONARIES.c.created_at.desc(), DICTIONARIES.c.id)
        with self._database.transaction() as connection:
            return [str(name) for name in connection.execute(select(DICTIONARIES.c.id).order_by(*order)).scalars()]

    def get(self, name: str) -> Dictionary | None:
        """The dictionary of an id."""
        with self._database.transaction() as connection:
            row = connection.execute(select(DICTIONARIES).where(DICTIONARIES.c.id == name)).mappings().first()
        return None if row is None else _from_row(row)

    def put(self, dictionary: Dictionary) -> None:
        """Add one, or replace that of the same id."""
        row = _to_row(dictionary)
        same = DICTIONARIES.c.id == dictionary.id
        with self._database.transaction() as connection:
            known = connection.execute(select(func.count()).where(same)).scalar()
            connection.execute(
                update(DICTIONARIES).where(same).values(row) if known else insert(DICTIONARIES).values(row)
            )

    def drop(self, name: str) -> bool:
        """Forget one; whether it was there."""
        with self._database.transaction() as connection:
            return connection.execute(delete(DICTIONARIES).where(DICTIONARIES.c.id == name)).rowcount > 0


class Dictionaries:
    """The dictionaries of a server. A `strict` one refuses to speak with one it does not know; else it speaks without."""

    def __init__(self, database: Database | None, *, strict: bool = False) -> None:
        self._shelf: Shelf = MemoryShelf() if database is None else DatabaseShelf(database)
        self._blocks = database is not None
        self._strict = strict
        self._lexicons: dict[str, tuple[Dictionary, Lexicon]] = {}

    async def names(self) -> list[str]:
        """Ids, the newest first. Raises `EngineFailure` when the database is away, like the methods below."""
        return await self._ask(self._shelf.names)

    async def find(self, name: str) -> Dictionary:
        """The dictionary of an id. Raises `Violation("dictionary_not_found")`."""
        found = await self._ask(lambda: self._shelf.get(name))
        if found is None:
            raise Violation("dictionary_not_found", f"no pronunciation dictionary has the id {name[:80]!r}")
        return found

    async def add(self, dictionary: Dictionary) -> None:
        """Keep a new one. Raises `Refused("quota_exceeded")` past `MAX_DICTIONARIES`."""
        if len(await self.names()) >= MAX_DICTIONARIES:
            raise Refused("quota_exceeded", f"This server keeps at most {MAX_DICTIONARIES} pronunciation dictionaries")
        await self._ask(lambda: self._shelf.put(dictionary))

    async def replace(self, dictionary: Dictionary) -> None:
        """Keep it as it is now; contexts that speak go on with what they began with."""
        await self._ask(lambda: self._shelf.put(dictionary))

    async def remove(self, name: str) -> None:
        """Forget one. Raises `Violation("dictionary_not_found")`."""
        if not await self._ask(lambda: self._shelf.drop(name)):
            raise Violation("dictionary_not_found", f"no pronunciation dictionary has the id {name[:80]!r}")

    async def engines_for(self, engines: SpeakEngines, options: SpeakOptions) -> SpeakEngines:
        """The engines with the dictionary that the options name. Raises like `find`, for an unknown one only when strict."""
        if not options.dictionary:
            return engines
        try:
            found = await self.find(options.dictionary)
        except Violation as violation:
            if self._strict:
                violation.path = "pronunciation_dict_id"
                raise
            return engines
        return replace(engines, lexicon=await self._lexicon(found))

    async def _lexicon(self, dictionary: Dictionary) -> Lexicon:
        """The dictionary made ready for looking up, which takes time when it is long."""
        known = self._lexicons.pop(dictionary.id, None)
        if known is None or known[0] != dictionary:
            known = (dictionary, await self._ask(lambda: Lexicon(dictionary.items)))
        self._lexicons[dictionary.id] = known
        if len(self._lexicons) > MAX_LEXICONS:
            del self._lexicons[next(iter(self._lexicons))]
        return known[1]

    async def _ask(self, call: Callable[[], AnswerT]) -> AnswerT:
        if not self._blocks:
            return call()
        try:
            return await asyncio.to_thread(call)
        except SQLAlchemyError:
            raise EngineFailure("dictionaries", "the database is away") from None


def _to_row(dictionary: Dictionary) -> dict[str, Any]:
    return {
        "id": dictionary.id,
        "owner": dictionary.owner,
        "name": dictionary.name,
        "description": dictionary.description,
        "access": dictionary.access,
        "pinned": int(dictionary.pinned),
        "created_at": dictionary.created_at,
        "items": msgspec.json.encode(dictionary.items).decode(),
    }


def _from_row(row: RowMapping) -> Dictionary:
    return Dictionary(
        id=row["id"],
        name=row["name"],
        owner=row["owner"],
        created_at=row["created_at"],
        items=msgspec.json.decode(row["items"], type=tuple[Pronunciation, ...]),
        description=row["description"],
        access=row["access"],
        pinned=bool(row["pinned"]),
    )
