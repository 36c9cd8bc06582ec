"""The timeline of a call as one file: complete, closed to the outside, and true to its data."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.console import timeline as module
from duologue.console.timeline import (
    CallTimeline,
    Happening,
    Line,
    Series,
    Stretch,
    Threshold,
    peaks,
    render_html,
)
from duologue.errors import Violation

CALL = CallTimeline(
    title="Coffee <order> & more",
    duration=12.5,
    caller_peaks=(0.0, 0.5, 1.0, 2.0),
    agent_peaks=(0.25,),
    series=(Series("floor", ((0.0, 0.12345), (0.1, 0.9))), Series("speech", ((0.0, 0.0),))),
    thresholds=(Threshold("end", 0.3),),
    happenings=(Happening(3.2, "turn_ended", "a latte", "floor 0.28 < 0.30 after 0.42 s"),),
    stretches=(Stretch(3.0, 3.6, "wait", "0.60 s", "end of speech to first audio", "draft"),),
    lines=(Line(1.0, 3.0, "caller", "a latte"), Line(3.6, 5.0, "agent", "What size?", "What")),
    summary=(("turns", "1"),),
    note="recorded",
)


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    value: dict[str, Any] = json.loads(found.group(1))
    return value


def test_the_page_holds_everything_that_was_recorded() -> None:
    data = data_of(render_html(CALL))
    assert data["title"] == "Coffee <order> & more"
    assert data["summary"] == [["turns", "1"]]
    assert data["series"][0] == {"name": "floor", "points": [[0.0, 0.123], [0.1, 0.9]]}
    assert data["thresholds"] == [["end", 0.3]]
    assert data["happenings"] == [[3.2, "turn_ended", "a latte", "floor 0.28 < 0.30 after 0.42 s"]]
    assert data["stretches"] == [[3.0, 3.6, "wait", "0.60 s", "end of speech to first audio", "draft"]]
    assert data["lines"] == [[1.0, 3.0, "caller", "a latte", None], [3.6, 5.0, "agent", "What size?", "What"]]
    assert list(base64.b64decode(data["peaks"]["caller"])) == [0, 163, 255, 255]


def test_the_page_asks_nothing_of_the_network() -> None:
    page = render_html(CALL)
    assert not re.findall(
        r"""(?:src|href|action)\s*=|url\(|@import|https?://|fetch\(|XMLHttp|WebSocket|import\(""", page
    )
    assert "default-src 'none'" in html.unescape(page)


def test_the_policy_permits_exactly_its_own_script_and_style() -> None:
    page = render_html(CALL)
    policy = html.unescape(re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[0])
    assert "unsafe" not in policy
    for directive, pattern in (("style-src", r"<style>(.*?)</style>"), ("script-src", r"<script>(.*?)</script>")):
        (text,) = re.findall(pattern, page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert not re.search(r"\son\w+=|\sstyle=|eval\(|innerHTML|new Function|insertAdjacentHTML|document\.write", page)


@given(st.text(max_size=60))
def test_no_text_of_a_caller_becomes_markup(text: str) -> None:
    hostile = f"</script><script>alert(1)</script>{{{{DATA}}}}{text}"
    page = render_html(CallTimeline(hostile, 1.0, lines=(Line(0, 1, "caller", hostile),)))
    data = data_of(page)
    assert data["title"] == data["lines"][0][3] == hostile
    assert page.count("<script") == 2


def test_peaks_are_the_loudest_sample_of_each_step() -> None:
    pcm = np.array([0.1, -0.5, 0.2, 0.0, 0.3], np.float32)
    assert peaks(pcm, 200) == pytest.approx((0.5, 0.2, 0.3))
    assert peaks(np.zeros(0, np.float32), 16000) == ()
    assert len(peaks(np.zeros(16000, np.float32), 16000)) == 100


def test_long_series_are_thinned_and_entries_beyond_the_bound_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_POINTS", 10)
    monkeypatch.setattr(module, "MAX_ENTRIES", 2)
    call = CallTimeline(
        "long",
        60.0,
        series=(Series("floor", tuple((n / 10, 0.5) for n in range(95))),),
        happenings=tuple(Happening(n, "key", str(n)) for n in range(5)),
    )
    data = data_of(render_html(call))
    assert len(data["series"][0]["points"]) == 10
    assert (len(data["happenings"]), data["left_out"]) == (2, 3)


@pytest.mark.parametrize("duration", [0.0, -1.0, 5 * 3600.0, float("nan")])
def test_a_call_that_cannot_be_drawn_is_refused(duration: float) -> None:
    with pytest.raises(Violation, match="cannot be drawn; expected up to four hours"):
        CallTimeline("x", duration)


def test_an_empty_call_has_a_page_too() -> None:
    assert data_of(render_html(CallTimeline("silence", 3.0)))["lines"] == []


@pytest.mark.real
@pytest.mark.parametrize(
    "call", [CALL, CallTimeline("silence", 3.0), CallTimeline("long", 3600.0)], ids=lambda call: call.title
)
def test_a_browser_draws_it_from_a_file(call: CallTimeline, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs a Chromium to look at the page")
    page = tmp_path / "call.html"
    page.write_text(render_html(call), "utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        f"--user-data-dir={tmp_path}/user",
    ]
    done = subprocess.run(
        [browser, *flags, "--enable-logging=stderr", "--virtual-time-budget=2000", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert 'data-ready="yes"' in done.stdout
    assert "CONSOLE" not in done.stderr
    assert done.stdout.count('class="line ') == len(call.lines)
