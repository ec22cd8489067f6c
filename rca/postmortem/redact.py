"""Taking secrets and personal data out of a text before it is handed round."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["redact"]

_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "private key",
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    ),
    ("token", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")),
    ("authorization", re.compile(r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}")),
    ("access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    (
        "token",
        re.compile(
            r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|sk_(?:live|test)_[A-Za-z0-9]{16,}|AIza[A-Za-z0-9_-]{35})\b"
        ),
    ),
    ("credentials", re.compile(r"(?<=://)[^\s/:@]+:[^\s/@]+(?=@)")),
    ("e-mail address", re.compile(r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b")),
)
_ASSIGNED = re.compile(
    r"""(?ix)\b((?:[a-z0-9_.-]*(?:password|passwd|pwd|secret|api[_-]?key|access[_-]?token|auth[_-]?token|client[_-]?secret|session[_-]?id|cookie)))
    (["']?\s*[:=]\s*)("[^"]{3,}"|'[^']{3,}'|[^\s,;"'&}]{3,})"""
)
_IPV4 = re.compile(r"(?<![\w.-])(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?![\w.-])")
_CARD = re.compile(r"(?<![\w.-])(?:\d[ -]?){12,18}\d(?![\w.-])")


def redact(text: str) -> str:
    """Return text in which secrets and personal data are replaced by what they were.

    Tokens, keys, passwords in URLs and assignments, card numbers that pass the Luhn check, e-mail addresses and public
    IPv4 addresses go; trace ids, commit ids and loopback or private addresses stay.

    Examples
    --------
    >>> redact("password=hunter22 from someone@example.org")
    'password=[password] from [e-mail address]'
    >>> redact("listening on 127.0.0.1")
    'listening on 127.0.0.1'
    """
    for name, pattern in _RULES:
        text = pattern.sub(f"[{name}]", text)
    text = _ASSIGNED.sub(lambda found: f"{found[1]}{found[2]}[{found[1].lower()}]", text)
    text = _CARD.sub(_card, text)
    return _IPV4.sub(_address, text)


def _card(found: re.Match[str]) -> str:
    digits = [int(sign) for sign in found[0] if sign.isdigit()]
    doubled = [value if at % 2 == 0 else sum(divmod(2 * value, 10)) for at, value in enumerate(reversed(digits))]
    valid = sum(doubled) % 10 == 0 and 13 <= len(digits) <= 19 and len(set(digits)) > 1
    return "[card number]" if valid else found[0]


def _address(found: re.Match[str]) -> str:
    first, second = (int(part) for part in found[0].split(".")[:2])
    private = (
        first in (0, 10, 127) or (first == 172 and 16 <= second <= 31) or (first, second) in ((192, 168), (169, 254))
    )
    return found[0] if private else "[IP address]"


Redactor = Callable[[str], str]
