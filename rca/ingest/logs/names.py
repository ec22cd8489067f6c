"""Which field means what: the names that loggers, shippers and clouds give to time, severity, message and ids."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["ENVELOPE_KEYS", "Role", "role_of"]

Role = tuple[str, int]
"""What a field means, and its rank: of several fields that mean the same the lowest wins."""

_PLAIN = re.compile(r"[^a-z0-9@]")

_NAMES: dict[str, tuple[str, ...]] = {
    "time": (
        "@timestamp", "@t", "timestamp", "realtimetimestamp", "time", "ts", "datetime", "asctime", "timemillis", "instant",
        "timegenerated", "eventtime", "logtime", "timestampms", "timestampns", "timestampus", "timestampmillis", "timestamputc", "timeunixnano",
        "timeunixnanos", "timeiso8601", "isotimestamp", "utctime", "eventtimestamp", "logtimestamp", "date", "dt", "timeutc", "timens", "timems",
        "tsns", "tsms", "startts", "logdate", "loggedat", "createdat", "created", "edgestarttimestamp", "starttime", "requesttimestamp",
        "epochmillis", "epochms", "epochsecond", "epochseconds", "epoch", "unixtime", "unixtimestamp", "msec", "timelocal", "t", "when",
        "edgestarttime", "occurredat", "timestampiso", "eventts", "startedat", "sourcerealtimetimestamp", "startdate", "datecreated", "generatedat", "receivedat", "messagetime", "lastseen",
        "requestreceivedtimestamp", "stagetimestamp", "startutc", "startlocal", "activitydatetime", "createddatetime", "creationtime", "published", "recordedat", "sentat",
        "tstamp", "timestr", "localtime", "systemtime", "timecreated", "eventdate", "datetimeutc", "syslogtimestamp", "unixtimems", "unixms", "epochus", "epochns",
        "timeus", "tsus", "timestampunix", "timestampepoch", "unixtimestampms", "requesttimeepoch", "requesttime", "timestampinms", "timetimestamp", "timerepr", "logtimestampms", "eventtimems",
    ),
    "observed": ("observedtimestamp", "observedtimeunixnano", "receivetimestamp", "ingestiontime", "@ingestiontime", "ingesttime", "eventingested"),
    "level": (
        "@l", "levelname", "loglevel", "level", "lvl", "severitytext", "severity", "severitylevel", "logseverity", "loggerlevel", "levelstr",
        "leveltext", "syslogseverity", "priority", "syslogseveritycode", "severitynumber", "levelvalue", "levelno", "lv", "l", "sev", "s", "status",
        "levelnum", "eventlevel", "statuslevel",
    ),
    "message": (
        "@m", "renderedmessage", "message", "msg", "@message", "textpayload", "formattedmessage", "shortmessage", "logmessage", "body",
        "messagetext", "event", "log", "raw", "text", "fullmessage", "line", "messagetext", "msgtext", "description", "eventmessage", "resultdescription", "content", "rawstring", "displaymessage", "eventdescription", "activitydisplayname", "logline",
    ),
    "template": ("@mt", "messagetemplate", "logrecordtemplate", "logtemplate", "messageformat", "msgtemplate"),
    "trace": (
        "traceid", "oteltraceid", "ddtraceid", "traceparent", "httprequesttraceparent", "xb3traceid", "b3traceid", "b3", "ubertraceid", "xamzntraceid",
        "amzntraceid", "logginggoogleapiscomtrace", "xcloudtracecontext", "operationid", "trace", "xraytraceid", "@xraytraceid", "awsxraytraceid",
        "sentrytrace", "traceidhex", "oteltrace", "@tr", "xtraceid", "tracetraceid", "spancontexttraceid", "contexttraceid", "sw8traceid", "requesttraceid",
        "traceuuid", "aioperationid", "currenttraceid", "rootspanid", "tracecontexttraceid", "xtrace", "zipkintraceid", "jaegertraceid", "trid", "tid128",
    ),
    "span": (
        "spanid", "otelspanid", "ddspanid", "xb3spanid", "b3spanid", "logginggoogleapiscomspanid", "@sp", "parentid", "operationparentid", "transactionid",
        "spanidhex", "xspanid", "spancontextspanid", "contextspanid", "tracespanid", "aioperationparentid", "currentspanid", "tracecontextspanid", "zipkinspanid", "jaegerspanid",
    ),
    "request": (
        "requestid", "xrequestid", "httprequestid", "reqid", "awsrequestid", "@requestid", "httprequestheadersxrequestid", "correlationid",
        "xcorrelationid", "requestuuid", "rid", "xamznrequestid", "xamzrequestid", "xmsrequestid", "cfray", "requestheadersxrequestid", "xamzcfid",
        "httprequestheadersrequestid", "requestguid", "activityid", "callid", "reqguid", "transactionguid", "xrequestuuid", "httpxrequestid", "kongrequestid", "vcaprequestid",
        "xvcaprequestid", "rayid", "auditid", "xrid", "corrid", "correlationuuid", "conversationid", "connectionrequestid", "requestcontextrequestid",
    ),
    "service": (
        "servicename", "service", "otelservicename", "ddservice", "approlename", "cloudrolename", "applicationname", "appname", "application", "app",
        "kubernetescontainername", "kubernetesdeploymentname", "kuberneteslabelsapp", "containername", "resourcelabelscontainername", "resourcelabelsservicename",
        "syslogidentifier", "systemdunit", "svc", "aicloudrole", "cloudrole", "rolename", "servicecomponent", "microservice", "k8scontainername", "job", "resourcelabelsfunctionname", "program",
    ),
}  # fmt: skip
_RANKED: dict[str, Role] = {}
for _role, _names in _NAMES.items():
    for _rank, _name in enumerate(_names):
        _RANKED.setdefault(_name, (_role, _rank))

_CONTAINERS = {
    "mdc", "contextmap", "context", "ctx", "fields", "@fields", "attributes", "attr", "attrs", "extra", "labels", "jsonpayload", "structuredmetadata",
    "properties", "property", "headers", "header", "req", "request", "http", "data", "record", "dd", "otel", "tracing", "metadata", "meta", "span", "resource",
    "tags", "log", "scope", "details", "event", "source", "content", "source2", "parsed", "payload", "structured", "baggage", "message", "msg", "spancontext",
    "kubernetes", "requestheaders", "contexts", "basedata", "tracecontext", "telemetry", "correlation", "ids", "fieldsmap", "eventdata", "logging", "params", "state", "scopes",
}  # fmt: skip
_WORDY = {"message", "msg", "text", "body", "formatted", "value"}
ENVELOPE_KEYS = (
    "_raw",
    "message",
    "msg",
    "log",
    "line",
    "Line",
    "_line",
    "@rawstring",
    "@message",
    "textPayload",
    "MESSAGE",
    "body",
    "event.original",
)
"""Fields whose text may itself be a record."""


@lru_cache(maxsize=16_384)
def role_of(path: tuple[str, ...]) -> Role | None:
    """Return what a field means by the keys that lead to it, or None.

    Examples
    --------
    >>> role_of(("trace", "id")) == role_of(("trace.id",))
    True
    >>> role_of(("mdc", "X-B3-TraceId"))[0]
    'trace'
    >>> role_of(("duration",)) is None
    True
    """
    plain = [_PLAIN.sub("", key.lower()) for key in path]
    joined = "".join(plain)
    found = _RANKED.get(joined)
    if found:
        return found
    if len(path) == 1:
        return _of_one(path[0], joined)
    if plain[-1] == "id" and plain[-2] in {"req", "request"}:
        return "request", 3
    inner = plain
    for depth in range(1, len(plain)):
        if plain[depth - 1] not in _CONTAINERS:
            return None
        inner = plain[depth:]
        found = _RANKED.get("".join(inner))
        if found and found[0] in {"service", "observed"} and depth > 1:
            return None
        if found and not (found[0] == "time" and plain[0] in {"req", "request", "data", "span", "event", "details"}):
            return found[0], found[1] + 100 * depth
    if len(plain) == 2 and plain[0] in {"message", "msg", "event"} and plain[1] in _WORDY:
        return "message", 300
    return None


def _of_one(key: str, joined: str) -> Role | None:
    """Roles of a dotted key whose first parts are containers, such as ``fields.message``."""
    if joined.startswith("@") and joined[1:] in _RANKED:
        role, rank = _RANKED[joined[1:]]
        return role, rank
    if "." in key:
        parts = tuple(part for part in key.split(".") if part)
        return role_of(parts) if len(parts) > 1 else None
    return None
