"""The names that people give to columns, as data: one place for every spelling of a field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

__all__ = [
    "CHANGE",
    "EDGES",
    "LABELS",
    "LOG",
    "METRIC",
    "QUERY",
    "SERVICE",
    "SPAN",
    "TIME",
    "UNITS",
    "find",
    "normal",
    "split_unit",
]

UNITS: Mapping[str, str] = {
    **dict.fromkeys(("ns", "nanos", "nano", "nsec", "nanosecond", "nanoseconds"), "ns"),
    **dict.fromkeys(("us", "µs", "micros", "micro", "usec", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(("ms", "millis", "milli", "msec", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
}
"""Words at the end of a name that say in what a time or a length is counted."""

TIME = (
    "timestamp", "time", "ts", "t", "datetime", "date_time", "event_time", "time_unix", "unix_time", "epoch", "date",
    "observed_at", "recorded_at", "sample_time", "bucket", "window_start", "interval_start", "minute", "start_time", "start",
    "period", "x_axis", "clock", "time_generated", "time_stamp", "begin_time",
)  # fmt: skip
SERVICE = (
    "service_name", "service", "servicename", "cloud_role_name", "app_role_name", "svc", "service_id", "microservice", "app", "application", "app_name",
    "application_name", "cmdb_id", "component", "workload", "deployment", "job", "entity", "resource_name", "target", "node_name",
    "pod_name", "pod", "container_name", "container", "instance", "host", "hostname", "node",
)  # fmt: skip
METRIC: Mapping[str, tuple[str, ...]] = {
    "time": TIME,
    "service": SERVICE,
    "name": ("metric_name", "metric", "kpi_name", "kpi", "measurement", "measure", "indicator", "counter", "series", "field",
             "metric_id", "counter_name", "name", "signal", "stat_name"),
    "value": ("value", "val", "metric_value", "counter_value", "v", "reading", "datapoint", "point", "y", "measured", "number", "amount"),
    "unit": ("unit", "units", "uom"),
    "labels": ("labels", "tags", "dimensions", "attributes", "label", "tag", "dims"),
    "type": ("metric_type", "instrument", "instrument_type"),
}  # fmt: skip
LABELS = METRIC["labels"]
SPAN: Mapping[str, tuple[str, ...]] = {
    "trace_id": ("trace_id", "traceid", "trace_trace_id", "trace", "otel_trace_id", "dd_trace_id", "trace_identifier", "tid", "operation_id"),
    "span_id": ("span_id", "spanid", "trace_span_id", "span", "otel_span_id", "dd_span_id", "id", "sid"),
    "parent_span_id": ("parent_span_id", "parent_spanid", "trace_parent_id", "operation_parent_id", "span_parent_id", "parent_id", "parentid",
                       "parentspanid", "parent", "parent_span", "pid", "reference_span_id", "caller_span_id"),
    "service": ("service_name", "service", "servicename", "resource_service_name", "process_service_name", "svc", "microservice",
                "app", "application", "local_endpoint_service_name", "cloud_role_name", "app_role_name", "process", "cmdb_id", "component", "workload", "pod_name", "pod"),
    "name": ("span_name", "operation_name", "operation", "name", "op_name", "op", "resource", "method_name", "endpoint",
             "interface", "method", "url", "spanname", "operationname"),
    "kind": ("span_kind", "kind", "spankind", "item_type", "type"),
    "start": ("start", "start_time", "started_at", "begin", "begin_time", "start_ts", "start_timestamp", "start_time_unix",
              "timestamp", "time", "ts", "start_at", "date", "starttime", "time_generated"),
    "end": ("end", "end_time", "ended_at", "finish", "finish_time", "finished_at", "end_ts", "end_timestamp", "end_time_unix", "stop",
            "stop_time", "endtime"),
    "duration": ("duration", "elapsed", "elapsed_time", "latency", "response_time", "took", "dur", "time_taken", "rt",
                 "total_time", "span_duration", "self_time"),
    "status": ("status", "status_code", "otel_status_code", "span_status", "statuscode", "success", "is_error", "request_is_failed", "erroneous", "ok", "result"),
    "status_message": ("status_message", "otel_status_description", "status_description", "error_message", "error_msg", "error",
                       "exception_message", "message"),
}  # fmt: skip
LOG: Mapping[str, tuple[str, ...]] = {
    "time": ("timestamp", "time", "ts", "datetime", "date_time", "event_time", "logged_at", "created_at", "time_generated",
             "log_time", "date", "t", "messagetimems", "messagetime", "receipttime"),
    "service": SERVICE,
    "level": ("severity_text", "level", "severity", "log_level", "loglevel", "levelname", "lvl", "priority", "status"),
    "body": ("message", "msg", "body", "log", "text", "line", "content", "log_message", "raw", "_raw", "event", "entry", "value"),
    "template": ("event_template", "template", "log_template"),
    "trace_id": ("trace_id", "traceid", "trace", "dd_trace_id", "otel_trace_id"),
    "span_id": ("span_id", "spanid", "dd_span_id", "otel_span_id"),
    "request_id": ("request_id", "requestid", "correlation_id", "correlationid", "x_request_id", "req_id", "reqid"),
    "signature": ("signature", "pattern", "event_template", "template", "log_pattern", "cluster_template"),
    "count": ("count", "occurrences", "hits", "total", "frequency", "num_logs", "n", "cluster_size", "size"),
}  # fmt: skip
QUERY: Mapping[str, tuple[str, ...]] = {
    "time": ("timestamp", "time", "ts", "start_time", "started_at", "query_start", "datetime", "date", "logged_at", "event_time", "start"),
    "duration": ("duration", "query_time", "elapsed", "elapsed_time", "total_time", "exec_time", "execution_time", "latency", "took"),
    "lock": ("lock_time", "lock_wait", "lock"),
    "text": ("query", "statement", "sql", "query_text", "sql_text", "db_query_text", "db_statement", "command"),
    "system": ("db_system_name", "db_system", "engine", "dbms", "database_type"),
    "namespace": ("db_namespace", "database", "db", "db_name", "schema", "datname", "dbname"),
    "user": ("db_user", "user", "username", "usename", "user_name", "login"),
    "client": ("client_address", "client", "client_addr", "host", "remote_host", "client_ip"),
    "examined": ("rows_examined", "docs_examined", "rows_read", "rows_scanned"),
    "returned": ("rows_returned", "rows_sent", "rows", "n_returned", "nreturned"),
    "affected": ("rows_affected", "rows_changed", "n_modified"),
}  # fmt: skip
EDGES: tuple[tuple[str, str], ...] = (
    ("caller", "callee"), ("source", "target"), ("source", "destination"), ("src", "dst"), ("src", "dest"), ("client", "server"),
    ("source_service", "target_service"), ("source_service", "destination_service"), ("from_service", "to_service"),
    ("caller_service", "callee_service"), ("parent_service", "child_service"), ("consumer", "provider"), ("parent", "child"),
    ("source_workload", "destination_workload"), ("downstream", "upstream"), ("from", "to"), ("upstream_caller", "callee"),
    ("service", "depends_on"), ("service", "dependency"),
)  # fmt: skip
"""Pairs that name who calls and who is called; `downstream` calls `upstream`, as proxies say it."""

CHANGE: Mapping[str, tuple[str, ...]] = {
    "kind": ("kind", "change_type", "change_kind", "event_type", "type", "category", "event_kind", "event", "action_type"),
    "time": ("timestamp", "time", "at", "deployed_at", "released_at", "fired_at", "triggered_at", "started_at", "applied_at",
             "merged_at", "committed_at", "commit_date", "committed_date", "authored_date", "changed_at", "toggled_at", "flipped_at",
             "occurred_at", "opened_at", "detected_at", "published_at", "created_at", "event_time", "deploy_time", "datetime",
             "date", "ts", "when", "start_time", "start", "starts_at", "treated_start", "begin", "effective_at", "executed_at",
             "finished_at", "updated_at", "created", "last_updated", "logged_at", "deployment_time", "commit_author_date", "commit_committer_date",
             "author_date", "committer_date", "activated_at", "first_seen", "flag_time", "release_date", "alert_time", "create_time", "complete_time", "date_happened"),
    "end": ("end", "ended_at", "end_time", "finished_at", "completed_at", "resolved_at", "ends_at", "until", "closed_at", "stop",
            "stopped_at", "end_at", "treated_end", "deactivated_at"),
    "service": ("service", "service_name", "services", "app", "application", "svc", "app_name", "microservice", "workload",
                "affected_service", "target_service", "component", "deployment", "target", "project", "affected_services", "owner_service", "service_summary",
                "application_name"),
    "version": ("service_version", "version", "new_version", "to_version", "release", "tag", "image_tag", "build", "release_version",
                "app_version", "image", "build_number", "version_to", "deployed_version"),
    "revision": ("revision", "commit_sha", "sha", "commit", "commit_id", "commit_hash", "git_sha", "git_commit", "git_revision", "hash",
                 "head_sha", "rev", "vcs_ref_head_revision", "sha1", "git_hash", "deployed_sha", "deployed_commit", "to_sha", "to_commit",
                 "new_sha", "changeset", "root_commit"),
    "flag": ("flag", "feature_flag", "flag_key", "feature_flag_key", "flag_name", "feature", "feature_name", "toggle", "toggle_name",
             "experiment_flag", "switch"),
    "setting": ("key", "setting", "config_key", "parameter", "config", "property", "option", "setting_name", "param", "field", "resource"),
    "from": ("from", "from_value", "old", "old_value", "previous", "before", "previous_value", "prev", "was", "from_version",
             "previous_version", "prev_version", "old_version", "version_from", "old_state", "previous_state", "prior", "from_replicas",
             "replicas_before", "prev_value", "from_state"),
    "to": ("to", "to_value", "new", "new_value", "after", "value", "now", "new_state", "to_state", "state", "enabled", "is_enabled", "is_active",
           "replicas_after", "to_replicas", "current", "current_value", "variant", "variation", "status", "action", "rollout", "percentage",
           "rollout_percentage", "on"),
    "change": ("change", "transition", "delta", "changed"),
    "author": ("author", "actor", "user", "by", "deployed_by", "changed_by", "created_by", "author_name", "committer", "updated_by", "modified_by",
               "triggered_by", "initiator", "username", "login", "member", "operator", "who", "creator", "deployer", "author_email", "email",
               "owner", "requested_by", "approved_by"),
    "title": ("title", "summary", "message", "subject", "name", "description", "alertname", "alert_name", "alert", "headline", "text", "commit_message",
              "monitor", "monitor_name", "rule", "rule_name", "migration", "migration_name", "experiment", "comment", "note", "detail",
              "details", "reason", "body", "event"),
    "url": ("url", "html_url", "web_url", "link", "href", "permalink", "external_url", "generator_url", "runbook_url", "shortlink"),
    "files": ("files", "files_changed", "changed_files", "paths", "modified_files", "file_list", "files_modified", "filenames", "changed_paths",
              "files_touched", "touched_files"),
    "diff": ("diff", "patch", "unified_diff", "diff_text", "diffs", "patch_text", "code_diff"),
    "replicas": ("replicas", "instances", "desired_replicas", "desired_count", "capacity", "desired_capacity"),
    "threshold": ("threshold", "critical_threshold", "limit", "slo", "target_value", "alert_threshold"),
    "observed": ("observed", "observed_value", "current_value", "actual", "measured", "metric_value", "value"),
    "metric": ("metric", "metric_name", "signal", "sli", "kpi", "query", "expression", "expr"),
}  # fmt: skip

_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[^0-9a-zA-Zµ%]+")


@lru_cache(maxsize=8192)
def normal(name: str) -> str:
    """Return a column's name in lower case with underscores between its words.

    Examples
    --------
    >>> normal("startTimeUnixNano"), normal("Duration (ms)"), normal("@timestamp")
    ('start_time_unix_nano', 'duration_ms', 'timestamp')
    """
    return _OTHER.sub("_", _CASE.sub("_", name)).strip("_").lower()


@lru_cache(maxsize=8192)
def split_unit(name: str) -> tuple[str, str]:
    """Return a normal name without the unit at its end, and the unit.

    Examples
    --------
    >>> split_unit("duration_ms"), split_unit("start_time_unix_nano"), split_unit("status")
    (('duration', 'ms'), ('start_time', 'ns'), ('status', ''))
    """
    words = name.split("_")
    if len(words) < 2 or words[-1] not in UNITS:
        return name, ""
    base = words[:-1]
    if base[-1] in ("unix", "epoch", "in") and len(base) > 1:
        base = base[:-1]
    return "_".join(base), UNITS[words[-1]]


def find(columns: Iterable[str], spellings: tuple[str, ...], *, unit: bool = False) -> str | None:
    """Return the column that bears the first of these spellings, as it is written; None where there is none.

    Parameters
    ----------
    unit
        Whether a unit may follow the name.

    Examples
    --------
    >>> find(["traceID", "Duration_ms"], ("duration",), unit=True)
    'Duration_ms'
    """
    known: dict[str, str] = {}
    for column in columns:
        name = normal(column)
        known.setdefault(name, column)
        if unit:
            known.setdefault(split_unit(name)[0], column)
    return next((known[spelling] for spelling in spellings if spelling in known), None)
