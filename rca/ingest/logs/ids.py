"""Trace, span and request ids in the spellings of tracers, as 32 and 16 lower-case hex digits."""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache

__all__ = ["TRACE_IN_TEXT", "span_id", "trace_and_span"]

_HEX = re.compile(r"[0-9a-fA-F]+")
_XRAY = re.compile(
    r"(?:.*\bRoot=)?1-([0-9a-fA-F]{8})-([0-9a-fA-F]{24})(?:@.*)?(?:;.*?\bParent=([0-9a-fA-F]{16}))?(?:;.*)?"
)
_PARENT = re.compile(r"traces/([0-9a-fA-F]{16,32})$")
_W3C = re.compile(r"[0-9a-fA-F]{2}-([0-9a-fA-F]{32})-([0-9a-fA-F]{16})-[0-9a-fA-F]{2}(?:-.*)?")
_B3 = re.compile(r"([0-9a-fA-F]{32}|[0-9a-fA-F]{16})-([0-9a-fA-F]{16})(?:-[01d](?:-[0-9a-fA-F]{16})?)?")
_JAEGER = re.compile(
    r"([0-9a-fA-F]{1,32})(?::|%3A)([0-9a-fA-F]{1,16})(?::|%3A)[0-9a-fA-F]{1,16}(?::|%3A)[0-9a-fA-F]{1,2}", re.IGNORECASE
)
_CLOUD = re.compile(r"([0-9a-fA-F]{32})/([0-9]{1,20})(?:;o=[0-9])?")
_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")

TRACE_IN_TEXT = (
    r"(?i)\b(?:otel|dd\.|x-b3-|mdc\.)?trace[_.\- ]?id[\"']?\s?[=:]\s?[\"']?"
    r"([0-9a-f]{32}|[0-9a-f]{16}|1-[0-9a-f]{8}-[0-9a-f]{24})\b"
)
"""Finds a trace id named in the text of a message."""


@lru_cache(maxsize=8192)
def trace_and_span(text: str, *, decimal: bool = False) -> tuple[str, str]:
    """Return the trace id and, where the spelling carries one, the span id; empty where it is none.

    Parameters
    ----------
    text
        Hex of 64 or 128 bits with or without leading zeros, a UUID, W3C ``traceparent``, B3, ``uber-trace-id``,
        X-Ray's ``Root=1-…``, Google Cloud's path or header, Sentry's header, or base64 of 16 bytes.
    decimal
        Digits alone are a decimal number, as Datadog writes them.

    Examples
    --------
    >>> trace_and_span("1-5759e988-bd862e3fe1be46a994272793")[0]
    '5759e988bd862e3fe1be46a994272793'
    >>> trace_and_span("10117674385973343946", decimal=True)[0]
    '00000000000000008c69333f910276ca'
    """
    word = text.strip().strip("\"'")
    if len(word) == 32 and _HEX.fullmatch(word):
        return _known(word.lower()), ""
    if word.isdigit() and word.isascii() and (decimal or len(word) in {17, 18, 19, 20}):
        return _decimal(word)
    if _HEX.fullmatch(word):
        return (_known(word.lower().rjust(32, "0")), "") if 8 <= len(word) <= 32 else ("", "")
    if _UUID.fullmatch(word):
        return _known(word.replace("-", "").lower()), ""
    for pattern in (_W3C, _B3, _JAEGER):
        found = pattern.fullmatch(word)
        if found:
            return _known(found[1].lower().rjust(32, "0")), found[2].lower().rjust(16, "0")
    found = _XRAY.fullmatch(word)
    if found:
        return (found[1] + found[2]).lower(), (found[3] or "").lower()
    found = _CLOUD.fullmatch(word)
    if found:
        return found[1].lower(), f"{int(found[2]):016x}"[-16:]
    found = _PARENT.search(word)
    if found:
        return found[1].lower().rjust(32, "0"), ""
    return _base64(word, 16), ""


def _decimal(word: str) -> tuple[str, str]:
    value = int(word) if len(word) <= 39 else 0
    return (f"{value:032x}", "") if 0 < value < 1 << 128 else ("", "")


@lru_cache(maxsize=8192)
def span_id(text: str, *, decimal: bool = False) -> str:
    """Return a span id as 16 lower-case hex digits; empty where it is none.

    Examples
    --------
    >>> span_id("6199527853504585600", decimal=True), span_id("ABC123")
    ('560925bc7b47df80', '0000000000abc123')
    """
    word = text.strip().strip("\"'")
    if word.isdigit() and word.isascii() and (decimal or len(word) in {17, 18, 19, 20}):
        value = int(word) if len(word) <= 20 else 0
        return f"{value:016x}" if 0 < value < 1 << 64 else ""
    if _HEX.fullmatch(word) and 4 <= len(word) <= 16:
        return _known(word.lower().rjust(16, "0"))
    return _base64(word, 8)


def _known(word: str) -> str:
    return word if word.strip("0") else ""


def _base64(word: str, size: int) -> str:
    if len(word) != (24 if size == 16 else 12) or not word.endswith("="):
        return ""
    try:
        raw = base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return _known(raw.hex()) if len(raw) == size else ""
