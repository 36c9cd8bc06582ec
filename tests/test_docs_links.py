"""Links between the documents lead somewhere; the map of the README shows every package; what is cited can be looked up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path.relative_to(ROOT)
    for top in (ROOT.glob("*.md"), (ROOT / "docs").rglob("*.md"), (ROOT / "src").rglob("*.md"))
    for path in top
)

_FENCED = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6}\s+(?P<text>.+)$", re.MULTILINE)
_TOPIC = re.compile(r"\b[A-Z]§[0-9A-Z]+")
_ELSEWHERE = re.compile(r"[a-z]+:")


def links(page: Path) -> Iterator[str]:
    """Where a page's links lead that do not leave the repository."""
    text = _CODE.sub("", _FENCED.sub("", (ROOT / page).read_text("utf-8")))
    return (found["target"] for found in _LINK.finditer(text) if not _ELSEWHERE.match(found["target"]))


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as those who show Markdown make them: a second one of the same text is numbered."""
    names: set[str] = set()
    for found in _HEADING.finditer(_FENCED.sub("", page.read_text("utf-8"))):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", found["text"].strip())
        name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        same = sum(1 for known in names if known == name or re.fullmatch(re.escape(name) + r"-\d+", known))
        names.add(f"{name}-{same}" if same else name)
    return names


def dead(page: Path, link: str) -> bool:
    """Whether a link of a page leads nowhere."""
    file, _, anchor = link.partition("#")
    target = ROOT / page.parent / file if file else ROOT / page
    return not target.exists() or bool(anchor and anchor not in anchors(target))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in links(page) if dead(page, link)] == []


def test_a_dead_link_is_found() -> None:
    page = Path("docs/server.md")
    assert dead(page, "nowhere.md")
    assert dead(page, "usage.md#nothing")
    assert dead(page, "#nothing")
    assert not dead(page, "usage.md#postgresql")


def test_pages_that_the_program_names_are_there() -> None:
    named = {
        name
        for path in (ROOT / "src").rglob("*.py")
        for name in re.findall(r"docs/[\w/-]+\.md", path.read_text("utf-8"))
    }
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_topic_of_the_vendors_that_is_cited_has_its_name_in_the_documents() -> None:
    """`C§7.4` means nothing to whoever cannot find out what C§7 is."""
    legend = set(_TOPIC.findall((ROOT / "docs" / "protocols" / "README.md").read_text("utf-8")))
    files = [
        path for top in ("src", "tests", "docs") for path in (ROOT / top).rglob("*") if path.suffix in (".py", ".md")
    ]
    cited = {topic for path in files for topic in _TOPIC.findall(path.read_text("utf-8"))}
    assert len(cited) > 30
    assert cited - legend == set()


def test_the_map_of_the_readme_shows_every_package() -> None:
    packages = {path.parent.name for path in (ROOT / "src" / "duologue").glob("*/__init__.py")}
    rows = (ROOT / "README.md").read_text("utf-8").split("| Folder of `src/duologue/` | |")[1].split("\n\n")[0]
    shown = {name for row in rows.splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])}
    assert packages - shown == set()
    assert shown - packages == set()
