"""Logs that say where a request's time went: the database, what was called on, connecting. That is enough to weigh hypotheses."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import rca
from rca.measures.logged import logged_requests
from rca.model import Window

START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
BAD = (START + timedelta(minutes=40), START + timedelta(minutes=55))
ALL = Window(0, 2**62)

NGINX = (
    '10.0.0.1 - - [20/Nov/2026:02:00:00 +0000] "GET /a HTTP/1.1" 200 512 "-" "curl/8" '
    'rt=0.250 uct="0.002" uht="0.240" urt="0.240"'
)
RETRIED = (
    '10.0.0.1 - - [20/Nov/2026:02:00:00 +0000] "GET /a HTTP/1.1" 200 512 "-" "curl/8" '
    'rt=0.250 uct="0.002, 0.001" uht="0.100, 0.140" urt="0.100, 0.140"'
)
STATIC = NGINX.replace("0.002", "-").replace('"0.240"', '"-"')
ALB = (
    "https 2026-11-20T02:00:00.250000Z app/shop/1 10.0.0.1:4711 10.0.1.2:80 0.001 0.240 0.009 200 200 34 366 "
    '"GET https://shop.example:443/a HTTP/1.1" "curl/8" ECDHE-RSA TLSv1.2 arn "Root=1-58337262-36d228ad5d99923122bbe354" '
    '"-" "-" 0 2026-11-20T02:00:00.000000Z "forward" "-" "-" "10.0.1.2:80" "200" "-" "-"'
)
GONE = ALB.replace("0.001 0.240 0.009 200 200", "-1 -1 -1 504 -")
HAPROXY = (
    "Nov 20 02:00:00 edge haproxy[14389]: 10.0.0.1:33317 [20/Nov/2026:02:00:00.000] http-in shop/app1 "
    '10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /a HTTP/1.1"'
)
GITLAB = json.dumps(
    {
        "time": "2026-11-20T02:00:00.250Z", "severity": "INFO", "method": "GET", "path": "/a", "status": 200,
        "duration_s": 0.25, "db_duration_s": 0.12, "db_count": 17, "controller": "ProjectsController",
    }
)  # fmt: skip


INGRESS = (
    '10.0.0.1 - - [20/Nov/2026:02:00:00 +0000] "GET /a HTTP/1.1" 502 512 "-" "curl/8" 480 0.251 [shop-items-80] [] '
    "10.2.0.7:8080, 10.2.0.8:8080 0, 512 0.100, 0.149 502, 502 0a1b2c3d4e5f60718293a4b5c6d7e8f8"
)
TRAEFIK = '10.0.0.1 - - [20/Nov/2026:02:00:00 +0000] "GET /a HTTP/1.1" 200 512 "-" "curl/8" 1 "items@docker" "http://10.2.0.7:8080" 251ms'
TRAEFIK_JSON = json.dumps(
    {
        "DownstreamStatus": 200, "Duration": 251000000, "OriginDuration": 249000000, "RequestMethod": "GET",
        "RequestPath": "/a", "RequestProtocol": "HTTP/1.1", "StartUTC": "2026-11-20T02:00:00.1Z", "level": "info",
        "msg": "", "time": "2026-11-20T02:00:00Z",
    }
)  # fmt: skip
ENVOY_JSON = json.dumps(
    {
        "start_time": "2026-11-20T02:00:00.100Z", "method": "GET", "path": "/a", "protocol": "HTTP/1.1", "response_code": 200,
        "response_flags": "-", "duration": 251, "upstream_service_time": "249", "upstream_cluster": "outbound|80||items",
    }
)  # fmt: skip
CADDY = json.dumps(
    {
        "level": "info", "ts": 1795831200.1, "logger": "http.log.access.log0", "msg": "handled request",
        "request": {"method": "GET", "host": "shop", "uri": "/a?page=2"}, "duration": 0.251, "size": 512, "status": 200,
    }
)  # fmt: skip
GOOGLE = json.dumps(
    {
        "insertId": "a", "httpRequest": {"requestMethod": "GET", "requestUrl": "https://shop/a", "status": 200, "latency": "0.251s"},
        "timestamp": "2026-11-20T02:00:00.1Z", "severity": "INFO", "logName": "projects/p/logs/requests",
    }
)  # fmt: skip
RAILS = (
    "method=GET path=/a format=json controller=ItemsController action=show status=200 duration=251.0 view=40.43 db=120.0 "
    "time=2026-11-20T02:00:00Z"
)
HEROKU = (
    '2026-11-20T02:00:00.100000+00:00 heroku[router]: at=info method=GET path="/a" host=shop.example request_id=8601b555 '
    'fwd="10.0.0.5" dyno=web.1 connect=1ms service=250ms status=200 bytes=512 protocol=https'
)
GIN = '[GIN] 2026/11/20 - 02:00:00 | 200 |  251.3ms |    10.0.0.5 | GET      "/a"'
SLOW_GIN = GIN.replace(" 251.3ms", "1m2.5s")


@pytest.mark.parametrize(
    ("line", "length", "database", "downstream", "network", "calls"),
    [
        (NGINX, 250, None, 238, 2, None),
        (RETRIED, 250, None, 237, 3, None),
        (STATIC, 250, None, 0, 0, None),
        (ALB, 250, None, 240, None, None),
        (GONE, 0, None, 0, None, None),
        (HAPROXY, 109, None, 69, 30, None),
        (GITLAB, 250, 120, None, None, 17),
        (INGRESS, 251, None, 249, None, None),
        (TRAEFIK, 251, None, None, None, None),
        (TRAEFIK_JSON, 251, None, 249, None, None),
        (ENVOY_JSON, 251, None, 249, None, None),
        (CADDY, 251, None, None, None, None),
        (GOOGLE, 251, None, None, None, None),
        (RAILS, 251, 120, None, None, None),
        (HEROKU, 251, None, 250, 1, None),
        (GIN, 251.3, None, None, None, None),
        (SLOW_GIN, 62_500, None, None, None, None),
    ],
)
def test_parts_of_a_request(tmp_path, line, length, database, downstream, network, calls):
    (tmp_path / "one.log").write_text(line + "\n")
    store = rca.open()
    store.ingest(tmp_path / "one.log")
    row = logged_requests(store, "", ALL).row(0, named=True)
    assert row["duration_ms"] == pytest.approx(length)
    assert row["route"] == "/a"
    for name, expected in (("database_ms", database), ("downstream_ms", downstream), ("network_ms", network)):
        assert row[name] == (None if expected is None else pytest.approx(expected)), name
    assert row["calls"] == calls


def _log(path, record):
    chance, lines = random.Random(5), []  # noqa: S311  (no secret)
    for second in range(3600):
        for _ in range(3):
            at = START + timedelta(seconds=second, milliseconds=chance.randrange(1000))
            lines.append(json.dumps(record(at, chance, BAD[0] <= at < BAD[1])))
    path.write_text("\n".join(lines) + "\n")


def _app(at, chance, bad):
    """Write what an application logs: in the incident every fourth request makes twelve calls instead of one, 40 ms each."""
    many = bad and chance.random() < 0.25
    calls = 12 if many else 1
    database, rest = calls * chance.uniform(30, 50) if many else chance.uniform(1, 3), chance.lognormvariate(4, 0.3)
    return {
        "timestamp": at.isoformat(), "level": "info", "service": "checkout", "http_route": "/checkout", "http_status": 200,
        "duration_ms": round(database + rest, 3), "db_ms": round(database, 3), "db_queries": calls, "message": "request done",
    }  # fmt: skip


def _edge(at, chance, bad):
    """Write what a proxy logs in JSON: in the incident the application behind it takes 600 ms longer."""
    behind = chance.lognormvariate(-3, 0.3) + (0.6 if bad else 0)
    return {
        "time_iso8601": at.isoformat(), "service": "edge", "request_method": "GET", "path": "/checkout", "status": 200,
        "request_time": round(behind + 0.004, 3), "upstream_response_time": f"{behind:.3f}", "upstream_connect_time": "0.001",
    }  # fmt: skip


def test_calls_and_their_time_in_a_log_support_the_database(tmp_path):
    _log(tmp_path / "app.log", _app)
    store = rca.open()
    store.ingest(tmp_path)
    found = rca.investigate(store)
    assert found.incident is not None, found.why
    first = found.verdicts[0]
    assert (first.id, first.status) == ("H2", "supported")
    evidence = {item.name: item for item in first.evidence}
    assert evidence["excess in database calls"].decibans > 5
    assert evidence["queries per request"].decibans > 5
    assert {item.name for item in found.verdicts["H3"].evidence if item.missing} >= {
        "excess in the service's own process"
    }
    calls = found.findings["queries_per_request"]
    assert calls.details["source"] == "logs"
    assert calls.effect is not None
    assert calls.effect.before == pytest.approx(1.0)
    assert calls.effect.low < calls.effect.after - 1 < calls.effect.high
    assert calls.effect.after == pytest.approx(1 + 11 * 0.25, abs=0.4)
    during = calls.table.filter((pl.col("period") == "during") & (pl.col("calls") == 12))
    assert during["share"].item() == pytest.approx(0.25, abs=0.05)
    assert [row["http_route"] for row in calls.details["by_route"]] == ["/checkout", "/checkout"]


def test_time_behind_a_proxy_supports_the_dependency(tmp_path):
    _log(tmp_path / "edge.log", _edge)
    store = rca.open()
    store.ingest(tmp_path)
    found = rca.investigate(store)
    assert found.incident is not None, found.why
    first = found.verdicts[0]
    assert first.id == "H1"
    assert first.probability > 0.7
    assert "queries_per_request" not in found.findings


def test_a_log_without_parts_divides_nothing(tmp_path):
    _log(tmp_path / "app.log", lambda *asked: {k: v for k, v in _app(*asked).items() if not k.startswith("db_")})
    store = rca.open()
    store.ingest(tmp_path)
    found = rca.investigate(store)
    assert found.incident is not None, found.why
    assert not [item.id for item in found.verdicts if item.status in ("supported", "confirmed")]
    place = next(item for item in found.verdicts["H2"].evidence if item.family == "place")
    assert place.missing
    assert "logs, which do not say" in place.claim
