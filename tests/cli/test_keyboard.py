"""Lines typed during a call."""

from __future__ import annotations

import asyncio
import io

from duologue.cli.keyboard import typed_lines


def test_lines_come_without_their_ends_until_the_stream_ends() -> None:
    async def main() -> list[str]:
        return [line async for line in typed_lines(io.StringIO("two lattes\r\n\nbye"))]

    assert asyncio.run(main()) == ["two lattes", "", "bye"]
