"""OpenTelemetry for one process: providers, exporters that write OTLP JSON files, a sampler that follows the settings."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.json.file._log_exporter import FileLogExporter
from opentelemetry.exporter.otlp.json.file.metric_exporter import FileMetricExporter
from opentelemetry.exporter.otlp.json.file.trace_exporter import FileSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import DropAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

from lab.services.identity import Identity
from lab.services.jsonlog import RUNTIME
from lab.services.settings import Settings

__all__ = ["Telemetry"]

METRIC_SECONDS = 10.0
RANDOM_VALUES = 2**56


class FollowingRatio(Sampler):
    """Samples the share of traces that the settings name; a trace goes on as it began.

    The share travels in the trace state (``ot=th:…``, the threshold of OpenTelemetry's consistent probability sampling),
    so that every span says how many it stands for.
    """

    def __init__(self, settings: Settings) -> None:
        self._threshold = 0
        settings.on_change(self._follow)

    def _follow(self, _before: dict[str, Any], after: dict[str, Any]) -> None:
        self._threshold = round((1.0 - float(after.get("sampling", 1.0))) * RANDOM_VALUES)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,  # noqa: ARG002
        kind: SpanKind | None = None,  # noqa: ARG002
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,  # noqa: ARG002
        trace_state: TraceState | None = None,  # noqa: ARG002
    ) -> SamplingResult:
        """Follow the parent; decide a new trace by the random part of its id."""
        parent = trace.get_current_span(parent_context).get_span_context()
        if parent.is_valid:
            kept, state = parent.trace_flags.sampled, parent.trace_state
        else:
            kept = trace_id % RANDOM_VALUES >= self._threshold
            digits = f"{self._threshold:014x}".rstrip("0") or "0"
            state = TraceState([("ot", f"th:{digits}")]) if kept else TraceState()
        decision = Decision.RECORD_AND_SAMPLE if kept else Decision.DROP
        return SamplingResult(decision, attributes if kept else None, state)

    def get_description(self) -> str:
        """Name the sampler."""
        return "FollowingRatio"


class Telemetry:
    """The three providers of one process."""

    def __init__(self, identity: Identity, settings: Settings) -> None:
        resource = Resource.create(
            {
                "service.name": identity.service,
                "service.version": identity.version,
                "service.instance.id": identity.instance,
                "service.namespace": "shop",
                "deployment.environment.name": "production",
            }
        )
        self._traces = TracerProvider(resource=resource, sampler=FollowingRatio(settings))
        exporter = FileSpanExporter(identity.out / "traces.jsonl")
        self._traces.add_span_processor(
            BatchSpanProcessor(exporter, max_queue_size=65_536, max_export_batch_size=512, schedule_delay_millis=1_000)
        )
        reader = PeriodicExportingMetricReader(
            FileMetricExporter(identity.out / "metrics.jsonl"), export_interval_millis=METRIC_SECONDS * 1_000
        )
        # Durations of server requests are in /metrics already; the same figure under two names would be counted twice.
        hidden = [View(instrument_name="http.server.*", aggregation=DropAggregation())]
        self._metrics = MeterProvider(metric_readers=[reader], resource=resource, views=hidden)
        self._logs = LoggerProvider(resource=resource)
        self._logs.add_log_record_processor(BatchLogRecordProcessor(FileLogExporter(identity.out / "logs.jsonl")))
        trace.set_tracer_provider(self._traces)
        metrics.set_meter_provider(self._metrics)
        set_logger_provider(self._logs)
        runtime = logging.getLogger(RUNTIME)
        runtime.setLevel(logging.INFO)
        runtime.propagate = False
        runtime.addHandler(LoggingHandler(logger_provider=self._logs))

    def shutdown(self) -> None:
        """Write what is still held."""
        self._traces.shutdown()
        self._metrics.shutdown()
        self._logs.shutdown()
