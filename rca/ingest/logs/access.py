"""Access logs of web servers, proxies and load balancers: the request, its outcome and its length as attributes."""

from __future__ import annotations

import re
from collections.abc import Callable

from rca.ingest.logs.rows import Row

__all__ = ["access_row", "haproxy_row", "request_of"]

_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_ASKED = r'"(?P<request>(?:[^"\\]|\\.)*)"'
_COMMON = re.compile(
    r"(?:(?P<vhost>[\w.:*-]+) )?(?P<client>\S+) (?P<ident>\S+) (?P<user>[^\[\]]{1,200}?) \[(?P<time>\d{1,2}/[A-Z][a-z]{2}/\d{4}:[^\]]+)\] "
    rf"{_ASKED} (?P<status>\d{{3}}|-)(?: (?P<bytes>\d+|-))?(?P<rest>.*)",
    re.DOTALL,
)
_ENVOY = re.compile(
    rf"\[(?P<time>\d{{4}}-\d\d-\d\dT[^\]]+)\] {_ASKED} (?P<status>\d{{1,3}}) (?P<flags>\S+)(?P<rest>.*)", re.DOTALL
)
_ALB = re.compile(
    r"(?P<type>https?|h2|grpcs?|wss?) (?P<time>\d{4}-\d\d-\d\dT\S+) (?P<elb>\S+) (?P<client>\S+) (?P<target>\S+) "
    r"(?P<request_time>-?[\d.]+) (?P<target_time>-?[\d.]+) (?P<response_time>-?[\d.]+) (?P<status>\d{3}|-) (?P<target_status>\S+) "
    rf"(?P<received>\d+) (?P<sent>\d+) {_ASKED} {_QUOTED}(?P<rest>.*)",
    re.DOTALL,
)
_ELB = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\S+Z) (?P<elb>\S+) (?P<client>[\d.]+:\d+) (?P<target>\S+) (?P<request_time>-?[\d.]+) (?P<target_time>-?[\d.]+) "
    rf"(?P<response_time>-?[\d.]+) (?P<status>\d{{3}}|-) (?P<target_status>\S+) (?P<received>\d+) (?P<sent>\d+) {_ASKED}(?P<rest>.*)",
    re.DOTALL,
)
_S3 = re.compile(
    r"(?P<owner>[0-9a-f]{64}|-) (?P<bucket>\S+) \[(?P<time>\d{1,2}/[A-Z][a-z]{2}/\d{4}:[^\]]+)\] (?P<client>\S+) (?P<user>\S+) "
    rf"(?P<id>\S+) (?P<operation>[A-Z0-9._-]+) (?P<key>\S+) {_ASKED} (?P<status>\d{{3}}|-)(?P<rest>.*)",
    re.DOTALL,
)
_SQUID = re.compile(
    r"(?P<time>\d{9,10}\.\d{3}) +(?P<elapsed>\d+) (?P<client>\S+) (?P<result>[A-Z_]+)/(?P<status>\d{3}) (?P<bytes>\d+) (?P<method>[A-Z_]+) (?P<url>\S+)(?P<rest>.*)",
    re.DOTALL,
)
_HAPROXY = re.compile(
    r"(?P<client>[0-9a-fA-F.:]+:\d+) \[(?P<time>\d{1,2}/[A-Z][a-z]{2}/\d{4}:[^\]]+)\] (?P<frontend>\S+) (?P<backend>[^\s/]+)/(?P<server>\S+) "
    r"(?P<timers>[+-]?\d+(?:/[+-]?\d+){2,4}) (?:(?P<status>-?\d{1,3}) )?(?P<bytes>\+?\d+)(?P<rest>.*)",
    re.DOTALL,
)
_INGRESS = re.compile(
    r'" \d+ (?P<request_time>[\d.]+) \[(?P<upstream>[^\]]*)\](?: \[[^\]]*\])? (?P<address>\S+(?:, \S+)*) (?P<size>[\d-]+(?:, [\d-]+)*) '
    r"(?P<upstream_time>[\d.-]+(?:, [\d.-]+)*) (?P<upstream_status>[\d-]+(?:, [\d-]+)*)(?: (?P<id>[0-9a-f]{32}))?$"
)
"""What ingress-nginx writes after the user agent."""
_TRAEFIK = re.compile(r'" \d+ "(?P<router>[^"]*)" "(?P<server>[^"]*)" (?P<length>\d+)ms$')
_REQUEST = re.compile(r"(?P<method>[A-Z][A-Z_-]{1,20}) (?P<path>\S+)(?: (?P<protocol>[A-Za-z]+/?[\d.]*))?")
_QUOTED_FIELD = re.compile(_QUOTED)
_KEY_VALUE = re.compile(r'\b([A-Za-z_][\w.]*)[=:](?:"([^"]*)"|([^\s,"]+))')
_FOUR = re.compile(r" (\d+) (\d+) (\d+) (\d+|-)(?= |$)")


def access_row(text: str, line: int) -> Row | None:
    """Return the record of a line of an access log, or None where it is none.

    Examples
    --------
    >>> row = access_row('10.0.0.7 - - [04/Mar/2026:15:10:00 +0100] "GET /a/1 HTTP/1.1" 200 512 "-" "curl/8"', 0)
    >>> row.attributes["http.response.status_code"], row.template
    ('200', 'GET /a/<*> 200')
    """
    for pattern, fill in _FORMS:
        found = pattern.match(text)
        if found:
            row = Row(line, time=found["time"], body=text)
            fill(found, row)
            return row
    return None


def haproxy_row(text: str, line: int) -> Row | None:
    """Return the record of HAProxy's part of a line, after syslog's header."""
    found = _HAPROXY.match(text)
    if not found:
        return None
    row = Row(line, time=found["time"], body=text)
    timers = found["timers"].split("/")
    names = ("Tq", "Tw", "Tc", "Tr", "Tt") if len(timers) == 5 else ("Tw", "Tc", "Tt")
    for name, value in zip(names, timers, strict=False):
        row.keep(f"haproxy.{name}", value)
    for key, name in (
        ("client", "client.address"),
        ("frontend", "haproxy.frontend"),
        ("backend", "haproxy.backend"),
        ("server", "haproxy.server"),
        ("bytes", "http.response.size"),
    ):
        row.keep(name, found[key])
    _outcome(found["status"] or "", row)
    quoted = _QUOTED_FIELD.findall(found["rest"])
    if quoted:
        _request(quoted[-1], found["status"] or "", row)
    return row


def _request(request: str, status: str, row: Row) -> None:
    found = _REQUEST.fullmatch(request.strip())
    if not found:
        row.keep("http.request", request)
        return
    path = re.sub(r"^[a-z]+://[^/]+", "", found["path"]) or "/"
    row.keep("http.request.method", found["method"])
    row.keep("url.path", path.split("?", 1)[0])
    if "?" in path:
        row.keep("url.query", path.split("?", 1)[1])
    if found["protocol"]:
        row.keep("network.protocol", found["protocol"])
    row.template = request_of(found["method"], path, status)


def request_of(method: str, path: str, status: str) -> str:
    """Return the template of a request: method, path with its variable parts masked, status.

    Examples
    --------
    >>> request_of("GET", "/a/17?x=1", "200")
    'GET /a/<*> 200'
    """
    return f"{method} {_route(path)} {status or '-'}"


def _route(path: str) -> str:
    parts = path.split("?", 1)[0].split("/")
    return "/".join(
        "<*>" if any(letter.isdigit() for letter in part) or len(part) > 40 or "%" in part else part for part in parts
    )


def _outcome(status: str, row: Row) -> None:
    if status and status != "-":
        row.keep("http.response.status_code", status)


def _common(found: re.Match[str], row: Row) -> None:
    for key, name in (
        ("client", "client.address"),
        ("user", "user.name"),
        ("vhost", "server.address"),
        ("bytes", "http.response.size"),
    ):
        if found[key] and found[key] != "-":
            row.keep(name, found[key])
    _outcome(found["status"], row)
    _request(found["request"], found["status"], row)
    quoted = _QUOTED_FIELD.findall(found["rest"])
    for name, value in zip(
        ("http.request.header.referer", "user_agent.original", "http.request.header.x-forwarded-for"),
        quoted,
        strict=False,
    ):
        if value and value != "-":
            row.keep(name, value)
    after = found["rest"]
    if ingress := _INGRESS.search(after):
        row.request = row.request or ingress["id"] or ""
        row.keep("request_time", ingress["request_time"])
        row.keep("upstream.name", ingress["upstream"])
        row.keep("upstream.address", ingress["address"])
        row.keep("upstream_response_time", ingress["upstream_time"])
        row.keep("upstream_status", ingress["upstream_status"])
        return
    if traefik := _TRAEFIK.search(after):
        row.keep("duration_ms", traefik["length"])
        row.keep("upstream.name", traefik["router"])
        row.keep("upstream.address", traefik["server"])
        return
    numbers = re.findall(r'(?<=[ "])\d+\.\d{3,6}(?= |$)', after)
    if numbers:
        row.keep("request_time", numbers[0])
    _pairs(after, row)


def _pairs(text: str, row: Row) -> None:
    outside = _QUOTED_FIELD.sub(
        lambda found: found[0] if text[max(0, found.start() - 1) : found.start()] == "=" else '""', text
    )
    for key, quoted, plain in _KEY_VALUE.findall(outside):
        value = quoted or plain
        plain_key = key.lower().replace("-", "_")
        if plain_key in {"request_id", "req_id", "rid", "requestid"} and value != "-":
            row.request = row.request or value
        elif "trace" in plain_key and not row.trace and value != "-":
            row.trace, row.keys["trace"] = value, key
        else:
            row.keep(key, value)


def _envoy(found: re.Match[str], row: Row) -> None:
    _outcome(found["status"], row)
    _request(found["request"], found["status"], row)
    if found["flags"] != "-":
        row.keep("response_flags", found["flags"])
    quoted = _QUOTED_FIELD.findall(found["rest"])
    numbers = _FOUR.search(found["rest"])
    for name, value in zip(
        ("http.request.size", "http.response.size", "duration_ms", "upstream_service_time_ms"),
        numbers.groups() if numbers else (),
        strict=False,
    ):
        if value != "-":
            row.keep(name, value)
    at = next((i for i, word in enumerate(quoted) if re.fullmatch(r"[0-9a-fA-F-]{36}", word)), -1)
    if at >= 0:
        row.request = quoted[at]
        for name, place in (
            ("http.request.header.x-forwarded-for", at - 2),
            ("user_agent.original", at - 1),
            ("server.address", at + 1),
            ("upstream.address", at + 2),
        ):
            if 0 <= place < len(quoted) and quoted[place] not in {"", "-"}:
                row.keep(name, quoted[place])


def _balancer(found: re.Match[str], row: Row) -> None:
    for key, name in (("elb", "elb"), ("client", "client.address"), ("target", "target"), ("request_time", "request_processing_time"), ("target_time", "target_processing_time"),
                      ("response_time", "response_processing_time"), ("target_status", "target_status_code"), ("received", "http.request.size"), ("sent", "http.response.size")):  # fmt: skip
        row.keep(name, found[key])
    _outcome(found["status"], row)
    _request(found["request"], found["status"], row)
    trace = re.search(r'"((?:Root|Self)=[^"]+)"', found["rest"])
    if trace:
        row.trace, row.keys["trace"] = trace[1], "trace_id"


def _s3(found: re.Match[str], row: Row) -> None:
    for key, name in (
        ("bucket", "bucket"),
        ("client", "client.address"),
        ("operation", "operation"),
        ("key", "key"),
        ("user", "requester"),
    ):
        row.keep(name, found[key])
    row.request = found["id"]
    _outcome(found["status"], row)
    _request(found["request"], found["status"], row)


def _squid(found: re.Match[str], row: Row) -> None:
    for key, name in (
        ("client", "client.address"),
        ("elapsed", "duration_ms"),
        ("result", "cache.result"),
        ("bytes", "http.response.size"),
    ):
        row.keep(name, found[key])
    _outcome(found["status"], row)
    _request(f"{found['method']} {found['url']}", found["status"], row)


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Row], None]], ...] = (
    (_COMMON, _common), (_S3, _s3), (_ENVOY, _envoy), (_ALB, _balancer), (_ELB, _balancer), (_SQUID, _squid),
)  # fmt: skip
