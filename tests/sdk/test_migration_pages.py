"""The migration pages, tried as a new user would: every program on them runs, as it stands there, with the clients it is for.

A program is marked by a comment that nobody sees on the page, such as `<!-- tried with: cartesia-4.2.0; over TLS; prints: turn.end -->`;
`node` and `node deepgram-4.11.3` mean Node's clients. Only the port of the server is put in.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.running_server import RunningServer
from tests.sdk.environments import ROOT, node, python, run

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(600)]

DOCS = ROOT / "docs"
PAGES = ("migrate-cartesia-stt.md", "migrate-cartesia-tts.md", "migrate-deepgram-agent.md", "plugins.md")
AT_ONCE = 4
LIMIT_S = 240
ADDRESS = "127.0.0.1:8765"
"""What the pages say, and `duologue serve` listens on."""

_BLOCK = re.compile(
    r"(?:<!-- (?P<marks>[^\n]*) -->\n)?```(?P<language>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Program:
    """A program of a page, for one release of a client."""

    page: str
    number: int
    language: str
    code: str
    release: str
    secure: bool
    prints: str

    @property
    def name(self) -> str:
        return f"{self.page.removesuffix('.md')} {self.number} {self.release}"


def blocks(page: str) -> list[tuple[str, str, str]]:
    """Marks, language and code of every block."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [(found["marks"] or "", found["language"], found["code"]) for found in _BLOCK.finditer(text)]


def programs() -> Iterator[Program]:
    for page in PAGES:
        for number, (marks, language, code) in enumerate(blocks(page)):
            told = dict(mark.partition(": ")[::2] for mark in marks.split("; "))
            for release in filter(None, told.get("tried with", "").split(", ")):
                yield Program(page, number, language, code, release, "over TLS" in told, told["prints"])


PROGRAMS = {program.name: program for program in programs()}


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording, made by the line on the page."""
    folder = tmp_path_factory.mktemp("pages")
    lines = [line for _, language, code in blocks(PAGES[0]) if language == "sh" for line in code.splitlines()]
    (line,) = [line for line in lines if "caller.wav" in line]
    interpreter, *arguments = shlex.split(line.replace("src/duologue", str(ROOT / "src" / "duologue")))
    assert interpreter == ".venv/bin/python"
    subprocess.run([sys.executable, *arguments], cwd=folder, check=True, timeout=200)
    return folder / "caller.wav"


@pytest.fixture(scope="module")
def attempts(
    request: pytest.FixtureRequest, server: RunningServer, secure_server: RunningServer, caller: Path
) -> Iterator[Mapping[str, Future[subprocess.CompletedProcess[str]]]]:
    """The programs that were asked for, under way."""
    names = {item.callspec.params.get("name") for item in request.session.items if hasattr(item, "callspec")}

    def attempt(program: Program) -> subprocess.CompletedProcess[str]:
        where = secure_server if program.secure else server
        code = program.code.replace(ADDRESS, where.authority)
        told = {}
        if program.secure:
            trust = str(where.certificate)
            told = {"CARTESIA_BASE_URL": where.http, "SSL_CERT_FILE": trust, "NODE_EXTRA_CA_CERTS": trust}
        folder = caller.parent / program.name.replace(" ", "-")
        folder.mkdir()
        (folder / caller.name).write_bytes(caller.read_bytes())
        if program.language == "python":
            command = [str(python(program.release)), "-c", code]
        else:
            binary, home = node(program.release.removeprefix("node").strip())
            file = home / f"{folder.name}.cjs"  # require() looks beside the program
            file.write_text(code, encoding="utf-8")
            command = [binary, str(file)]
        return run(command, told, LIMIT_S, folder)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(attempt, program) for name, program in PROGRAMS.items() if name in names}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_of_a_page_works_as_it_stands_there(
    attempts: Mapping[str, Future[subprocess.CompletedProcess[str]]], name: str
) -> None:
    done = attempts[name].result()
    assert done.returncode == 0, done.stderr[-2000:]
    assert PROGRAMS[name].prints in done.stdout, (done.stdout, done.stderr[-2000:])


@pytest.mark.parametrize("page", PAGES)
def test_every_program_of_a_page_is_tried(page: str) -> None:
    untried = [code for marks, language, code in blocks(page) if language in {"python", "js"} and "tried" not in marks]
    assert not untried
