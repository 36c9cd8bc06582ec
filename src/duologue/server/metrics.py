"""What Prometheus is told. One registry per server, so that several can live in one process."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from duologue import __version__
from duologue.agent.notices import AgentStartedSpeaking, Failed, Interrupted, LatencyMeasured, Notice, Warned

CONTENT_TYPE = CONTENT_TYPE_LATEST

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


class Metrics:
    """Counters and gauges by the names of `docs/server.md`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.connections = Gauge("duologue_connections", "Open sockets", ["route"], registry=self.registry)
        self.admitted = Counter("duologue_connections_admitted", "Sockets opened", ["route"], registry=self.registry)
        self.refused = Counter("duologue_refusals", "Handshakes refused", ["route", "status"], registry=self.registry)
        self.violations = Counter(
            "duologue_violations", "Messages a client should not have sent", ["route", "code"], registry=self.registry
        )
        self.closed = Counter("duologue_closes", "Sockets closed, by code", ["route", "code"], registry=self.registry)
        self.audio_in = Counter("duologue_audio_in_seconds", "Audio heard", ["route"], registry=self.registry)
        self.audio_out = Counter("duologue_audio_out_seconds", "Audio sent", ["route"], registry=self.registry)
        self.engine_ready = Gauge(
            "duologue_engine_ready", "1 when the engine answered its probe", ["role", "engine"], registry=self.registry
        )
        self.engine_failures = Counter("duologue_engine_failures", "Streams lost", ["engine"], registry=self.registry)
        self.loop_lag = Histogram(
            "duologue_loop_lag_seconds", "Lateness of the event loop", registry=self.registry, buckets=_SECONDS
        )
        self.turn_latency = Histogram(
            "duologue_turn_latency_seconds",
            "Of a reply, by part: stt, ttt, tts, total",
            ["part"],
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.replies = Counter("duologue_replies", "Replies that began to sound", registry=self.registry)
        self.interruptions = Counter("duologue_interruptions", "Replies the caller cut", registry=self.registry)
        self.session_warnings = Counter(
            "duologue_warnings", "Warnings told to clients", ["code"], registry=self.registry
        )
        self.session_failures = Counter(
            "duologue_failures", "Failures told to clients", ["code"], registry=self.registry
        )
        self.usage_lost = Gauge("duologue_usage_rows_lost", "Usage rows given up", registry=self.registry)
        build = Gauge("duologue_build", "The running version", ["version"], registry=self.registry)
        build.labels(__version__).set(1)

    def note(self, notice: Notice) -> None:
        """Count what a session tells its client."""
        match notice:
            case LatencyMeasured():
                for part in ("stt", "ttt", "tts", "total"):
                    value = getattr(notice, part)
                    if value is not None:
                        self.turn_latency.labels(part).observe(value)
            case AgentStartedSpeaking():
                self.replies.inc()
            case Interrupted():
                self.interruptions.inc()
            case Warned():
                self.session_warnings.labels(notice.code).inc()
            case Failed():
                self.session_failures.labels(notice.code).inc()
            case _:
                pass  # the others are neither counted nor timed

    def page(self) -> bytes:
        """The exposition."""
        return generate_latest(self.registry)
