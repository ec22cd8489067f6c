"""Taking secrets and personal data out of a text before it is handed round."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from rca.postmortem.checksums import is_card, is_iban

__all__ = ["redact"]

Redactor = Callable[[str], str]
_WORD = r"(?<![A-Za-z0-9_])"
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, flags))
    for name, pattern, flags in (
        (
            "private key",
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
            re.DOTALL,
        ),
        ("token", _WORD + r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,3}", 0),
        (
            "authorization",
            r"(?i)\b(?:bearer|basic|digest|negotiate|token|apikey)\s+(?=[A-Za-z0-9+/=._~:-]*\d)[A-Za-z0-9+/=._~:-]{16,}",
            0,
        ),
        (
            "token",
            r"(?i)(?<=token)[\"']?\s?[=:]\s?[\"']?(?=[A-Za-z0-9+/=._~-]*\d)(?=[A-Za-z0-9+/=._~-]*[A-Za-z])[A-Za-z0-9+/=._~-]{16,}",
            0,
        ),
        ("authorization", r"(?i)(?<=authorization: )\S+(?: \S+)?|(?<=authorization=)\S+", 0),
        ("access key", _WORD + r"(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[0-9A-Z]{16}\b", 0),
        (
            "token",
            _WORD
            + r"(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}|gl(?:pat|ptt|dt|rt|ft|soat)-[A-Za-z0-9_-]{20,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}"
            r"|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{16,}|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{16,}"
            r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|SK[0-9a-f]{32}|dop_v1_[0-9a-f]{40,}|hv[sb]\.[A-Za-z0-9_-]{20,}|sk-(?:proj-|ant-)?[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{30,}"
            r"|shp(?:at|ss|ca|pa)_[0-9a-fA-F]{32}|glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|dapi[0-9a-f]{32}|NRAK-[A-Z0-9]{27}|PMAK-[0-9a-f]{24}-[0-9a-f]{34}|EAACEdEose0cBA[0-9A-Za-z]+)",
            0,
        ),
        (
            "web hook",
            r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_+-]{20,}|https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/\d+/[\w-]{20,}",
            0,
        ),
        ("credentials", r"(?<=://)[^\s/:@]*:[^\s/@]+(?=@)", 0),
        (
            "e-mail address",
            r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.)+[A-Za-z]{2,24}\b(?!\.\w)",
            0,
        ),
    )
)
_ASSIGNED = re.compile(
    r"""(?ix)(?<![a-z0-9])((?:[a-z0-9.-]*[_.-])?(?:\w*password|passwd|passphrase|passwort|pwd|secret|secret[_-]?(?:access[_-]?)?key|api[_-]?key|apikey|x-api-key|access[_-]?token
    |auth[_-]?token|refresh[_-]?token|id[_-]?token|csrf[_-]?token|client[_-]?secret|private[_-]?key|signing[_-]?key|encryption[_-]?key|account[_-]?key|shared[_-]?access[_-]?key|sharedaccesssignature
    |session[_-]?(?:id|token)|sessionid|jsessionid|phpsessid|set-cookie|cookie|credentials?|otp|pin[_-]?code|cvv|cvc|ssn))
    (\\?["']?\s*(?:=>|[:=])\s*)(?!\[)(\\?"(?:[^"\\]|\\.){3,}?\\?"|'[^']{3,}'|[^\s,;"'&}\])<>|]{3,})"""
)
_HARMLESS = re.compile(
    r"(?i)^[\"'\\]*(?:null|none|nil|undefined|true|false|yes|no|\*+|x{3,}|redacted|\[.*|<.*|\$\{.*|\{\{.*|%s|\?|required|missing|invalid|expired|empty|changed|wrong|incorrect)[\"'\\.]*$"
)
_COUNTED = re.compile(r"^\d{1,4}(?:\.\d+)?$")
_IPV4 = re.compile(r"(?<![\w.-])(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?![\w-])(?!\.\d)")
_IPV6 = re.compile(
    r"(?<![\w:.])(?:[0-9A-Fa-f]{1,4}:){2,7}(?::|[0-9A-Fa-f]{1,4}|(?::[0-9A-Fa-f]{1,4}){1,6})(?![\w:])|(?<![\w:.])[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,5}::(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,5})?(?![\w:])|(?<![\w:.])::[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6}(?![\w:])"
)
_CARD = re.compile(
    r"(?<![\w.-])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?|\d{4}([ -])\d{6}\2\d{4,5})(?![\w-])(?!\.\d)"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
_PHONE = re.compile(
    r"(?<![\w.+-])(?:\+\d{1,3}[ .-]?(?:\(0\) ?)?(?:\(?\d{1,4}\)?[ .-]?){2,5}\d{2,4}|\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4})(?![\w.-]?\d)"
)
_SSN = re.compile(r"(?<![\w.-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w.-])")
_DOCUMENTATION = tuple(
    ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)


def redact(text: str) -> str:
    """Return text in which secrets and personal data are replaced by what they were.

    Tokens of well-known services, keys, passwords in URLs, headers and assignments, card numbers and IBANs that pass their
    check, telephone and social security numbers, e-mail addresses and public IP addresses go; trace ids, commit ids and
    loopback or private addresses stay.

    Examples
    --------
    >>> redact("password=hunter22 from someone@example.org")
    'password=[password] from [e-mail address]'
    >>> redact("listening on 127.0.0.1")
    'listening on 127.0.0.1'
    """
    if len(text) < 6:
        return text
    for name, pattern in _RULES:
        text = pattern.sub(f"[{name}]", text)
    text = _ASSIGNED.sub(_assigned, text)
    text = _IBAN.sub(lambda found: "[bank account]" if is_iban(found[0]) else found[0], text)
    text = _CARD.sub(lambda found: "[card number]" if is_card(found[0]) else found[0], text)
    text = _SSN.sub("[social security number]", text)
    text = _PHONE.sub(_phone, text)
    return _IPV6.sub(_address, _IPV4.sub(_address, text))


def _assigned(found: re.Match[str]) -> str:
    value = found[3]
    place = found[1].lower() == "pwd" and value.lstrip("\"'")[:1] in "/~"  # the shell's working directory
    if _HARMLESS.match(value) or _COUNTED.match(value) or place:
        return found[0]
    quote = value[0] if value[0] in "\"'" and value[-1] == value[0] else ""
    return f"{found[1]}{found[2]}{quote}[{found[1].lower()}]{quote}"


def _phone(found: re.Match[str]) -> str:
    digits = sum(sign.isdigit() for sign in found[0])
    return "[telephone number]" if 10 <= digits <= 15 else found[0]


def _address(found: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(found[0])
    except ValueError:
        return found[0]
    documented = any(address in network for network in _DOCUMENTATION if network.version == address.version)
    return "[IP address]" if address.is_global or documented else found[0]
