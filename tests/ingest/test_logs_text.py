"""Lines of text: what their headers say, and what is left as the message."""

from __future__ import annotations

import time

import pytest

from rca.ingest.logs.access import access_row
from rca.ingest.logs.envelopes import compose_row
from rca.ingest.logs.textforms import text_row

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("line", "time", "level", "body", "attributes"),
    [
        ("2026-03-04 12:00:00,123 WARN  [pool-1 thread-3] org.example.Cart: slow", "2026-03-04 12:00:00,123", "WARN", "slow", {"thread.name": "pool-1 thread-3", "logger": "org.example.Cart"}),
        ("2026-03-04 12:00:00,123 - org.example - ERROR - no stock", "2026-03-04 12:00:00,123", "ERROR", "no stock", {"logger": "org.example"}),
        ("2026-03-04 12:00:00,123 - INFO  [Quorum[id=1]/0:0:2181:Leader@774] - vote", "2026-03-04 12:00:00,123", "INFO", "vote", {"thread.name": "Quorum[id=1]/0:0:2181:Leader@774"}),
        ("12:00:00 no date", None, "", "", {}),
        ("[2026-03-04 12:00:00] production.ERROR: broken", "2026-03-04 12:00:00", "ERROR", "broken", {}),
        ("[Wed Mar 04 12:00:00.123456 2026] [core:error] [pid 35:tid 43] [client 10.0.0.1:5] denied", "Wed Mar 04 12:00:00.123456 2026", "error", "denied", {"process.pid": "35:tid 43", "client.address": "10.0.0.1:5"}),
        ("[Sun Dec 04 04:47:44 2005] [notice] init ok", "Sun Dec 04 04:47:44 2005", "notice", "init ok", {}),
        ("260304 120000 148 INFO dfs.Node$Responder: terminating", "260304 120000", "INFO", "terminating", {"process.pid": "148", "logger": "dfs.Node$Responder"}),
        ("2026-03-04 12:00:00, Info                  CBS    Loaded stack", "2026-03-04 12:00:00", "Info", "Loaded stack", {"logger": "CBS"}),
        ("03-04 12:00:00.001  1702  2395 E Power Manager: low", "03-04 12:00:00.001", "E", "low", {"process.pid": "1702", "thread.id": "2395", "logger": "Power Manager"}),
        ("E, [2026-03-04T12:00:00.123456 #42] ERROR -- app: broken", "2026-03-04T12:00:00.123456", "ERROR", "broken", {"process.pid": "42", "logger": "app"}),
        ("1:M 04 Mar 2026 12:00:00.123 # low memory", "04 Mar 2026 12:00:00.123", "WARNING", "low memory", {"process.pid": "1"}),
        ("2026/03/04 12:00:00 [error] 31#31: *17 open() failed", "2026/03/04 12:00:00", "error", "31#31: *17 open() failed", {}),
        ("INFO  [2026-03-04 12:00:00,123] org.example.App: up", "2026-03-04 12:00:00,123", "INFO", "up", {"logger": "org.example.App"}),
        ("nova.log 2026-03-04 12:00:00.008 25746 INFO nova.api.server [req-38101a0b-2096-447d-96ea-a692162415ae u t - - -] done", "2026-03-04 12:00:00.008", "INFO", "done", {"process.pid": "25746", "logger": "nova.api.server", "prefix": "nova.log"}),
        ("2026-03-04T12:00:00.123Z\terror\tqueue/send.go:128\tExport failed", "2026-03-04T12:00:00.123Z", "error", "Export failed", {"code.file.path": "queue/send.go", "code.line.number": "128"}),
        ("1772625600123 hello", "1772625600123", "", "hello", {}),
        ("2026-03-04 12:00:00 error connecting", "2026-03-04 12:00:00", "error", "error connecting", {}),
    ],
)  # fmt: skip
def test_a_header(line, time, level, body, attributes):
    row = text_row(line, 0)
    if time is None:
        assert row is None
        return
    assert (row.time, row.level, row.body) == (time, level, body)
    assert attributes.items() <= row.attributes.items()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "   at org.example.Cart.add(Cart.java:41)",
        "Caused by: java.io.IOException",
        "[stacktrace]",
        "#0 /srv/app.php(12): run()",
        "plain words",
        "</reply>",
        "}",
    ],
)
def test_what_begins_no_record(line):
    assert text_row(line, 0) is None


def test_klog_with_pairs():
    row = text_row(f'W0304 12:00:00.123456       1 pod.go:41] "Pod \\"a\\" failed" traceID="{TRACE}" err="no route"', 0)
    assert (row.level, row.body, row.trace, row.attributes["err"]) == ("W", 'Pod "a" failed', TRACE, "no route")


def test_syslog_of_both_kinds():
    new = text_row(f'<165>1 2026-03-04T12:00:00.003Z host app 77 ID47 [x@1 trace_id="{TRACE}"][y@2 k="a\\"b"] hello', 0)
    assert (new.service, new.level, new.scale, new.trace, new.body, new.attributes["k"]) == (
        "app",
        "5",
        "syslog",
        TRACE,
        "hello",
        'a"b',
    )
    old = text_row("<13>Mar  4 12:00:00 host /usr/sbin/sshd(pam_unix)[19939]: denied", 0)
    assert (old.service, old.body, old.attributes["process.pid"]) == ("sshd", "denied", "19939")
    bare = text_row("Mar  4 12:00:00 --- last message repeated 2 times ---", 0)
    assert bare.body == "--- last message repeated 2 times ---"


def test_spring_boot_with_ids():
    row = text_row(f"2026-03-04T12:00:00.123Z  INFO [cart,{TRACE},{SPAN}] 1 --- [nio-8080-exec-1] o.e.Cart  : added", 0)
    assert (row.service, row.trace, row.span, row.body) == ("cart", TRACE, SPAN, "added")


def test_logfmt_with_escapes_and_bare_keys():
    row = text_row(
        f'ts=2026-03-04T12:00:00Z level=warn msg="said \\"no\\"\\n" traceID={TRACE[16:]} retry reason= d=1.50ms', 0
    )
    assert (row.level, row.body, row.trace) == ("warn", 'said "no"\n', TRACE[16:])
    assert row.attributes == {"retry": "", "reason": "", "d": "1.50ms"}


def test_access_logs():
    nginx = access_row(
        '10.0.0.7 - ann [04/Mar/2026:12:00:00 +0000] "GET /a/17?x=1 HTTP/1.1" 502 512 "-" "curl/8" rt=0.123 request_id=r-17',
        0,
    )
    assert nginx.request == "r-17"
    assert {
        "http.response.status_code": "502",
        "url.path": "/a/17",
        "url.query": "x=1",
        "user.name": "ann",
        "rt": "0.123",
    }.items() <= nginx.attributes.items()
    envoy = access_row(
        '[2026-03-04T12:00:00.123Z] "POST /b HTTP/2" 503 UO 10 20 31 - "-" "go" "38101a0b-2096-447d-96ea-a692162415ae" "cart" "-"',
        0,
    )
    assert envoy.attributes["response_flags"] == "UO"
    assert envoy.attributes["duration_ms"] == "31"
    assert envoy.request == "38101a0b-2096-447d-96ea-a692162415ae"
    alb = access_row(
        "https 2026-03-04T12:00:00.186641Z app/lb/50dc 10.0.0.1:2817 10.0.0.2:80 0.086 0.048 0.037 200 200 0 57 "
        '"GET https://example.com:443/a/1 HTTP/1.1" "curl/8" E T arn "Root=1-58337281-1d84f3d73c47ec4e58577259" "d" "c" 1 2026-03-04T12:00:00Z "forward" "-" "-"',
        0,
    )
    assert alb.trace.startswith("Root=1-5833")
    assert alb.attributes["url.path"] == "/a/1"


def test_haproxy_inside_syslog():
    row = text_row(
        'Mar  4 12:00:00 lb haproxy[14389]: 10.0.1.2:33317 [04/Mar/2026:12:00:00.655] front back/s1 10/0/30/69/109 503 2750 - - ---- 1/1/1/1/0 0/0 "GET /x HTTP/1.1"',
        0,
    )
    assert {
        "haproxy.Tt": "109",
        "haproxy.backend": "back",
        "http.response.status_code": "503",
    }.items() <= row.attributes.items()


def test_compose_opens_what_is_inside():
    row = compose_row('cart-1  | {"level": "error", "msg": "broken"}', 0)
    assert (row.service, row.level, row.body) == ("cart", "error", "broken")


@pytest.mark.parametrize(
    "piece", ["<1>", "märz 1 ", "[ns:info,2026-03-04T12:00:00Z,", "(", "a::", "] ", "{}", "=a", "/", "\t"]
)
@pytest.mark.parametrize(
    "head",
    [
        "",
        "2026-03-04 12:00:00 ",
        "Mar  4 12:00:00 h ",
        "2026-03-04 12:00:00 [info ] he",
        "2026-03-04 12:00:00 INFO a.b",
    ],
)
def test_a_line_of_one_piece_is_read_at_once(head, piece):
    began = time.process_time()
    text_row(head + piece * (100_000 // len(piece)), 0)
    assert time.process_time() - began < 3
