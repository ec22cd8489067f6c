"""Severities: the words and scales of loggers as OpenTelemetry's numbers 1 to 24."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["LEVEL_WORDS", "level_is_usable", "scale_of", "severity_number"]

_WORDS: dict[str, int] = {
    "trace": 1, "verbose": 1, "finest": 1, "finer": 2, "all": 1, "silly": 1, "v": 1, "trc": 1, "vrb": 1,
    "debug": 5, "dbg": 5, "fine": 5, "d": 5, "dbug": 5, "debu": 5,
    "config": 8,
    "info": 9, "information": 9, "informational": 9, "i": 9, "inf": 9, "default": 9, "ok": 9, "log": 9, "statement": 9,
    "success": 9, "http": 9, "system": 9,
    "notice": 10, "note": 10, "hint": 9, "detail": 9, "context": 9,
    "warn": 13, "warning": 13, "w": 13, "wrn": 13, "warni": 13,
    "error": 17, "err": 17, "e": 17, "eror": 17, "severe": 17, "erro": 17, "failure": 17, "fail": 17,
    "critical": 21, "crit": 21, "c": 21, "ftl": 21, "dpanic": 21, "fatal": 21, "f": 21, "fata": 21, "panic": 22, "alert": 22,
    "a": 22, "assert": 21, "emerg": 24, "emergency": 24, "crt": 21, "trac": 1, "blat": 1, "subdebug": 5, "ddebug": 5, "fault": 21,
}  # fmt: skip

_FOREIGN = {
    5: "fein débogage depuración depuração отладка",
    9: "infos informationen informatie información informações informazioni informazione informacja сообщение bilgi 情報 信息 資訊 정보",
    10: "hinweis avis aviso nota avviso uwaga замечание 通知 알림",
    13: "warnung avertissement attention advertencia advertência avvertenza attenzione ostrzeżenie waarschuwing varning предупреждение uyarı 警告 경고",
    17: "fehler erreur erro errore błąd fout fel ошибка hata 錯誤 错误 エラー 오류 schwerwiegend grave allvarligt 重大 严重 심각",
    21: "kritisch critique crítico critico krytyczny важно ölümcül 致命的エラー 致命错误 치명적오류",
    22: "panik panique pánico pânico panico паника",
}
"""Level words of programs that speak the language of their user, by severity."""
_WORDS |= {word: number for number, words in _FOREIGN.items() for word in words.split()}

LEVEL_WORDS = (
    "TRACE|TRAC|TRC|VERBOSE|VRB|FINEST|FINER|FINE|DEBUG[1-5]?|DBUG|DBG|CONFIG|INFORMATION|INFORMATIONAL|INFO|INF|NOTICE|NOTE|"
    "WARNING|WARN|WRN|ERROR|ERRO|EROR|ERR|SEVERE|CRITICAL|CRIT|CRT|FATAL|FATA|FTL|DPANIC|ALERT|EMERGENCY|EMERG|PANIC|FAILURE"
)
"""Level words that may stand in the header of a line; an alternation for regular expressions, upper case."""

_SYSLOG = (24, 22, 21, 17, 13, 10, 9, 5)
_AZURE = (1, 9, 13, 17, 21)
_NEXTCLOUD = (5, 9, 13, 17, 21)
_NUMBERED = re.compile(r"(debug|trace|d|t)([1-9])")
_OFFSET = re.compile(r"(debug|info|warn|error)([+-][0-9]{1,2})")


@lru_cache(maxsize=4096)
def severity_number(text: str, scale: str = "") -> int:
    """Return the OpenTelemetry severity of a level as written, 0 where it is unknown.

    Parameters
    ----------
    text
        A word (any case, slog's ``INFO+2``, PostgreSQL's ``DEBUG3``) or a number.
    scale
        What a number means: ``syslog`` (0-7, low is severe), ``azure`` (0-4), ``otel`` (1-24); left out, by its size
        (pino and Python tens, monolog hundreds, logback ten thousands).

    Examples
    --------
    >>> severity_number("WARNING"), severity_number("50"), severity_number("3", "syslog"), severity_number("INFO+2")
    (13, 17, 17, 11)
    """
    word = text.strip().strip("[]<>():").lower()
    if not word:
        return 0
    if word.lstrip("-").isdigit():
        return _numeric(int(word), scale) if len(word) < 8 else 0
    if word in _WORDS:
        return _WORDS[word]
    found = _NUMBERED.fullmatch(word)
    if found:
        return 5 if found[1].startswith("d") else 1
    found = _OFFSET.fullmatch(word)
    if found:
        return min(24, max(1, _WORDS[found[1]] + int(found[2])))
    tail = word.rsplit(".", 1)[-1]  # Laravel's "local.ERROR", "log4j.level.INFO"
    return _WORDS.get(tail, 0) if len(tail) > 2 else 0


def level_is_usable(path: tuple[str, ...], text: str) -> bool:
    """Say whether a text can be a level: under a name that often means something else only a word that is one."""
    if path[-1] in {"status", "s", "sev", "l"} or (len(path) > 1 and not scale_of(path)):
        return bool(severity_number(text)) and not text.isdigit()
    return True


def scale_of(path: tuple[str, ...]) -> str:
    """Return what a number under this name means as a severity."""
    key = path[-1].lower()
    if key in {"priority", "syslog_severity"} or path[-2:] == ("severity", "code"):
        return "syslog"
    if key in {"severitylevel", "severity_level"}:
        return "azure"
    if key in {"severitynumber", "severity_number"}:
        return "otel"
    return "python" if key == "levelno" else ""


def _numeric(value: int, scale: str) -> int:
    if scale == "otel":
        return value if 1 <= value <= 24 else 0
    for name, table in (("syslog", _SYSLOG), ("azure", _AZURE), ("nextcloud", _NEXTCLOUD)):
        if scale == name:
            return table[value] if 0 <= value < len(table) else 0
    if scale == "log4j":
        return {100: 21, 200: 17, 300: 13, 400: 9, 500: 5, 600: 1}.get(value, 0)
    if scale == "python":
        return {5: 1, 10: 5, 20: 9, 25: 10, 30: 13, 40: 17, 50: 21}.get(value, 0)
    if value % 10_000 == 0 and 0 < value <= 50_000:
        return {5: 1, 1: 5, 2: 9, 3: 13, 4: 17}[value // 10_000]
    if 10 <= value <= 69:
        return (1, 5, 9, 13, 17, 21)[value // 10 - 1]
    if 100 <= value <= 600:
        return {100: 5, 200: 9, 250: 10, 300: 13, 400: 17, 500: 21, 550: 22, 600: 24}.get(value, 0)
    return 0
