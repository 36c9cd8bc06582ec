"""The console page's files: complete, and closed to the rest of the world."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from duologue.console.page import HEADERS, PAGE, SCRIPTS, console_file

NAMES = [PAGE, "console.css", *(f"{name}.js" for name in SCRIPTS)]


def text(name: str) -> str:
    found = console_file(name)
    assert found is not None
    return found.content.decode()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_fetched_from_elsewhere(name: str) -> None:
    assert not re.search(r"https?://|//[a-z0-9-]+\.[a-z]", text(name))


def test_the_page_has_no_script_and_no_style_of_its_own() -> None:
    page = text(PAGE)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", page)


def test_all_that_is_loaded_is_there() -> None:
    loaded = {name for each in NAMES for name in re.findall(r"['\"/]([a-z]+\.(?:js|css))['\"]", text(each))}
    assert loaded == set(NAMES) - {PAGE}


def test_scripts_find_what_they_look_for_on_the_page() -> None:
    ids = set(re.findall(r'id="([^"]+)"', text(PAGE)))
    wanted = {
        name for each in SCRIPTS for name in re.findall(r"(?:find|getElementById)\('([^']+)'\)", text(f"{each}.js"))
    }
    assert wanted <= ids
    assert set(re.findall(r'(?:for|aria-controls|aria-labelledby)="([^"]+)"', text(PAGE))) <= ids


def test_every_field_has_a_name_for_those_who_cannot_see_it() -> None:
    page = text(PAGE)
    named = set(re.findall(r'<label[^>]* for="([^"]+)"', page))
    wrapped = re.findall(r"<label[^>]*>(?:(?!</label>).)*<(?:input|textarea)[^>]*id=\"([^\"]+)\"", page, re.DOTALL)
    assert set(re.findall(r'<(?:input|textarea)[^>]*id="([^"]+)"', page)) <= named | set(wrapped)


def test_nothing_is_kept_in_the_browser() -> None:
    for name in SCRIPTS:
        assert not re.search(r"localStorage|sessionStorage|indexedDB|document\.cookie", text(f"{name}.js"))


def test_the_policy_permits_the_pages_own_files_and_server_only() -> None:
    rules = dict(rule.split(" ", 1) for rule in HEADERS["content-security-policy"].split("; "))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert "unsafe" not in HEADERS["content-security-policy"]


@pytest.mark.parametrize("name", ["timeline.html", "../page.py", "", "console.html/..", "page.py"])
def test_other_files_are_not_given(name: str) -> None:
    assert console_file(name) is None


def test_every_script_of_the_folder_that_is_not_the_timelines_is_part_of_the_page() -> None:
    there = {each.name for each in files("duologue.console").joinpath("static").iterdir()}
    assert {name for name in there if not name.startswith("timeline")} == set(NAMES)
