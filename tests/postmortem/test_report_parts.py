"""Rendering and redaction: nothing from data becomes markup, secrets go, ids stay."""

from __future__ import annotations

import html5lib
import pytest

from rca.postmortem.blocks import Code, Figure, Items, Paragraph, Section, Table
from rca.postmortem.redact import redact
from rca.postmortem.render import to_html, to_markdown

PAYLOADS = [
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "<a href=javascript:alert(1)>x</a>",
    '" onmouseover="alert(1)', "' autofocus onfocus=alert(1) '", "</style><script>alert(1)</script>", "</pre></details><script>alert(1)</script>", "<!--<script>-->",
    "[x](javascript:alert(1))", "![x](http://evil.example/a.png)", "`<script>`", "```\n<script>alert(1)</script>\n```", "| a | b |\n|---|---|", "$$\\href{javascript:alert(1)}{x}$$",
    "\x1b]8;;http://evil.example\x07x\x1b]8;;\x07", "\u202egnp.exe", "<iframe srcdoc='<script>alert(1)</script>'>", "&lt;script&gt;", "<base href=//evil.example>",
]  # fmt: skip
BAD_TAGS = {"script", "img", "iframe", "object", "embed", "base", "form", "link"}


def document(payload):
    blocks = (
        Paragraph(payload),
        Items([payload]),
        Table([{payload: payload}], payload),
        Code(payload, payload),
        Figure("one", "<svg></svg>", payload),
    )
    return [Section(payload, blocks)]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_lives_in_html(payload):
    text = to_html(payload, document(payload), str)
    for node in html5lib.parse(text, namespaceHTMLElements=False).iter():
        if isinstance(node.tag, str):
            assert node.tag not in BAD_TAGS
            assert not any(
                name.startswith("on") or str(value).lower().startswith("javascript:")
                for name, value in node.attrib.items()
            )
    assert "http://" not in text.split("</style>")[1].replace("http://evil.example", "")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_lives_in_markdown(payload):
    text = to_markdown(
        payload, [Section(payload, (Paragraph(payload), Items([payload]), Table([{payload: payload}])))], str
    )
    assert "](javascript" not in text
    assert "<script" not in text.replace("\\<script", "")
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_code_cannot_leave_its_fence():
    text = to_markdown("t", [Section("s", (Code("sql", "a\n```\n<script>\n````\nb"),))], str)
    fence = next(line for line in text.splitlines() if line.startswith("```")).removesuffix("sql")
    assert len(fence) >= 5
    assert text.count(f"\n{fence}\n") == 1


SECRETS = [
    ("Authorization: Bearer abcdef0123456789abcdef", "abcdef0123456789abcdef"),
    ("password=hunter2hunter2", "hunter2hunter2"),
    ('"api_key": "9f8e7d6c5b4a39281706"', "9f8e7d6c5b4a39281706"),
    ("postgres://app:s3cr3tpw@db/shop", "s3cr3tpw"),
    ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
    (
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9",
        "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9",
    ),
    ("paid with 4111 1111 1111 1111", "4111 1111"),
    ("mail jane.roe@example.org", "jane.roe"),
    ("from 203.0.113.77", "203.0.113.77"),
]
HARMLESS = [
    "trace 4bf92f3577b34da6a3ce929d0e0e4736",
    "commit da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "10.0.0.12",
    "127.0.0.1:5432",
    "2026-03-04T14:10:00.123Z",
    "p99 400 ms",
    "order 1234567890123",
    "version 1.2.3.4-rc1",
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_secrets_go(text, secret):
    assert secret not in redact(text)
    assert "[" in redact(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text):
    assert redact(text) == text
