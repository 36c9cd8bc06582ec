"""The figures."""

from __future__ import annotations

import re
from pathlib import Path

from duologue.agent.notices import (
    AgentStartedSpeaking,
    Failed,
    Interrupted,
    LatencyMeasured,
    Origin,
    SettingsApplied,
    Warned,
)
from duologue.server.metrics import Metrics

DOCS = Path(__file__).parent.parent.parent / "docs" / "server.md"


def test_notices_are_counted_and_timed() -> None:
    metrics = Metrics()
    for notice in (
        AgentStartedSpeaking(1, Origin.MODEL, 0.5, 0.1, 0.1),
        LatencyMeasured(1, stt=0.3, ttt=None, tts=0.1, total=0.5),
        Interrupted(1, "I heard"),
        Warned("prompt_too_long", "cut"),
        Failed("thinking_failed", "no model"),
        SettingsApplied(),
    ):
        metrics.note(notice)
    page = metrics.page().decode()
    assert "duologue_replies_total 1.0" in page
    assert "duologue_interruptions_total 1.0" in page
    assert 'duologue_turn_latency_seconds_sum{part="stt"} 0.3' in page
    assert 'duologue_turn_latency_seconds_count{part="ttt"}' not in page
    assert 'duologue_warnings_total{code="prompt_too_long"} 1.0' in page
    assert 'duologue_failures_total{code="thinking_failed"} 1.0' in page


def test_every_figure_is_documented() -> None:
    named = set(re.findall(r"^# TYPE (duologue_\w+)", Metrics().page().decode(), re.MULTILINE))
    text = DOCS.read_text(encoding="utf-8")
    missing = {name for name in named if not name.endswith("_created") and f"`{name}`" not in text}
    assert not missing
