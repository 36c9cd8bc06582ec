"""Calls functions of one of Cartesia's own example files with a client, as the file's `main` does.

The first JSON line names the functions there are, then there is a line for each call. The file is imported as it is. Host and key come from
where it and the client look for them: `CARTESIA_BASE_URL` and `CARTESIA_API_KEY`. What is read and written lies in the working directory.
"""

import argparse
import asyncio
import importlib.util
import inspect
import io
import json
import os
import signal
import sys
import traceback
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import cartesia
from cartesia import AsyncCartesia, Cartesia

LIMIT_S = 120


def load(path: str) -> Any:
    spec = importlib.util.spec_from_file_location("examples", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["examples"] = module
    spec.loader.exec_module(module)
    return module


def functions(module: Any) -> list[str]:
    """Those that take a client first, in the file's order."""
    found = []
    for name, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__:
            parameters = list(inspect.signature(value).parameters)
            if parameters[:1] == ["client"]:
                found.append(name)
    return found


def call(function: Any, arguments: list[str]) -> None:
    key = os.environ["CARTESIA_API_KEY"]
    if inspect.iscoroutinefunction(function):

        async def run() -> None:
            async with AsyncCartesia(api_key=key) as client:
                await asyncio.wait_for(function(client, *arguments), LIMIT_S)

        asyncio.run(run())
        return
    with Cartesia(api_key=key) as client:
        signal.alarm(LIMIT_S)
        try:
            function(client, *arguments)
        finally:
            signal.alarm(0)


def too_long(*_: object) -> None:
    raise TimeoutError(f"not done after {LIMIT_S} s")


def attempt(function: Any, arguments: list[str]) -> dict[str, Any]:
    before = set(Path.cwd().iterdir())
    printed = io.StringIO()
    line: dict[str, Any] = {"function": function.__name__, "arguments": arguments, "outcome": "done"}
    try:
        with redirect_stdout(printed):
            call(function, arguments)
    except cartesia.APIStatusError as error:
        body = error.body if isinstance(error.body, dict) else {}
        line |= {"outcome": "refused", "kind": type(error).__name__, "status": error.status_code}
        line |= {member: body.get(member) for member in ("error_code", "title", "message", "request_id")}
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the test is told, whatever it was
        line |= {"outcome": "failed", "kind": type(error).__name__, "why": traceback.format_exc()[-2000:]}
    line["printed"] = printed.getvalue()
    line["files"] = {path.name: path.stat().st_size for path in sorted(set(Path.cwd().iterdir()) - before)}
    for path in set(Path.cwd().iterdir()) - before:
        path.unlink()  # the next one may write the same name, and is to be judged by its own
    return line


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", help="examples.py or async_examples.py")
    parser.add_argument("calls", help="JSON: a list of lists of a function's name and its arguments")
    given = parser.parse_args()
    signal.signal(signal.SIGALRM, too_long)
    module = load(given.file)
    print(json.dumps({"functions": functions(module)}), flush=True)
    for name, *arguments in json.loads(given.calls):
        print(json.dumps(attempt(getattr(module, name), arguments)), flush=True)


if __name__ == "__main__":
    main()
