"""PostgreSQL logs in the language of ``lc_messages``: levels and lengths of statements put into English, the rest left as it is."""

from __future__ import annotations

import re

__all__ = ["in_english", "speaks"]

_WORDS = {
    "LOG": "LOGG СООБЩЕНИЕ ЗАПИС DZIENNIK 日志 로그 GÜNLÜK",
    "ERROR": "FEHLER ERREUR ERRO ERRORE ОШИБКА ПОМИЛКА BŁĄD CHYBA FEL HATA エラー 错误 오류",
    "FATAL": "FATALE FATALT ВАЖНО ФАТАЛЬНО KATASTROFALNY ÖLÜMCÜL 致命的エラー 致命错误 치명적오류",
    "PANIC": "PANIK PANIQUE PÁNICO PÂNICO PANICO ПАНИКА ПАНІКА PANIKA KRİTİK パニック 손상",
    "WARNING": "WARNUNG ATTENTION ADVERTENCIA AVISO ATTENZIONE ПРЕДУПРЕЖДЕНИЕ ПОПЕРЕДЖЕННЯ OSTRZEŻENIE VAROVÁNÍ VARNING UYARI 警告 경고",
    "NOTICE": "HINWEIS NOTE NOTA NOTIFICA ЗАМЕЧАНИЕ ПОВІДОМЛЕННЯ UWAGA POZNÁMKA NOTIS NOT 注意 알림",
    "INFO": "INFORMACIÓN ИНФОРМАЦИЯ ІНФОРМАЦІЯ INFORMACJA BİLGİ 信息 정보",
    "DEBUG": "ОТЛАДКА 디버그 调试",
    "DETAIL": "DÉTAIL DÉTAILS DETALLE DETALHE DETTAGLI DETTAGLIO ПОДРОБНОСТИ ДЕТАЛІ SZCZEGÓŁY DETALJ AYRINTI DETAY 詳細 详细信息 상세정보",
    "HINT": "TIPP ASTUCE SUGERENCIA DICA SUGGERIMENTO ПОДСКАЗКА ПІДКАЗКА PODPOWIEDŹ DOPORUČENÍ TIPS İPUCU ヒント 提示 힌트",
    "CONTEXT": "ZUSAMMENHANG CONTEXTE CONTEXTO CONTESTO КОНТЕКСТ KONTEKST KONTEXT BAĞLAM 文脈 コンテキスト 上下文 背景 내용",
    "STATEMENT": "ANWEISUNG INSTRUCTION SENTENCIA COMANDO ISTRUZIONE ОПЕРАТОР ІНСТРУКЦІЯ WYRAŻENIE PŘÍKAZ SATS İFADE KOMUT 文 ステートメント 语句 语法 명령",
    "QUERY": "ANFRAGE REQUÊTE CONSULTA ЗАПРОС ЗАПИТ ZAPYTANIE DOTAZ FRÅGA SORGU 問い合わせ 查询 쿼리",
    "LOCATION": "ORT EMPLACEMENT UBICACIÓN LOCALIZAÇÃO POSIZIONE ПОЛОЖЕНИЕ LOKALIZACJA PLATS YER 場所 位置 위치",
}  # fmt: skip
_ENGLISH = {word: level for level, words in _WORDS.items() for word in words.split()} | {
    level: level for level in _WORDS
}
_LEVEL = "|".join(sorted(map(re.escape, _ENGLISH), key=len, reverse=True))
_HEAD = re.compile(rf"^(?P<before>[^\t\n][^\n]{{0,300}}?|)(?<!\w)(?P<level>{_LEVEL})(?P<debug>[1-5]?)[ \xa0]?:  ")
_LENGTH = re.compile(
    r"[^\W\d_]{2,20}(?: [^\W\d_]{2,20})?[ \xa0]?: ?(?P<length>\d+(?:[.,]\d+)?) ?(?:ms|msec|мс|ミリ秒|毫秒|milisaniye|밀리초)\.?"
    r"(?:(?:,? {1,2}|, ?|，)(?P<kind>[^:：\n]{1,90}?)[ \xa0]?[:：] ?(?P<statement>.*))?$"
)
_STEPS = {
    "parse": [
        "parse",
        "pars",
        "analyse",
        "analys",
        "análisis",
        "análise",
        "analisi",
        "разбор",
        "розбір",
        "аналіз",
        "解析",
        "분석",
        "ayrıştırma",
    ],
    "bind": [
        "bind",
        "binden",
        "bindung",
        "lien",
        "enlace",
        "vinculação",
        "ligação",
        "collegamento",
        "привязка",
        "прив'язка",
        "バインド",
        "绑定",
        "바인드",
        "dowiąż",
        "bağla",
    ],
}
_STATEMENTS = [
    "anweisung",
    "instruction",
    "sentencia",
    "comando",
    "istruzione",
    "оператор",
    "інструкція",
    "wyrażenie",
    "příkaz",
    "sats",
    "ifade",
    "文",
    "ステートメント",
    "语句",
    "명령",
    "구문",
]
_DURATION = "Dauer|durée|duración|duração|durata|продолжительность|тривалість|czas trwania|trvání|varaktighet|süre|期間|所要時間|持续时间|执行时间|실행시간|수행시간"
_TELLING = [
    "FEHLER",
    "ERREUR",
    "ERRO",
    "ERRORE",
    "CHYBA",
    "HATA",
    "LOGG",
    "DZIENNIK",
    "ANWEISUNG",
    "SENTENCIA",
    "ISTRUZIONE",
    "KATASTROFALNY",
    "FATALT",
]
"""Words of Latin letters that no English log has before a colon; all others of other letters tell, too."""
_OTHERS = [word for word in _ENGLISH if not word.isascii()]
_SPOKEN = re.compile(
    rf"(?m)(?:^|[^\w])(?:{'|'.join(sorted([*_TELLING, *_OTHERS], key=len, reverse=True))})[ \xa0]?:  (?=\S)"
    rf"|LOG:  (?:{_DURATION})[ \xa0]?: ?\d"
)


def speaks(text: str) -> bool:
    """Say whether a log has levels, or lengths of statements, in another language than English.

    Examples
    --------
    >>> speaks("2026-03-04 12:00:00 CET [7] FEHLER:  Relation existiert nicht"), speaks("LOG:  duration: 1.2 ms")
    (True, False)
    """
    return bool(_SPOKEN.search(text))


def in_english(line: str) -> str:
    """Return a line of a log with its level, and the length of a statement, in English.

    Examples
    --------
    >>> in_english("2026-03-04 12:00:00 CET [7] LOG:  Dauer: 12.5 ms  Anweisung: SELECT 1")
    '2026-03-04 12:00:00 CET [7] LOG:  duration: 12.5 ms  statement: SELECT 1'
    >>> in_english("[7] LOG:  durée : 12.5 ms, analyse <unnamed> : SELECT 1")
    '[7] LOG:  duration: 12.5 ms  parse <unnamed>: SELECT 1'
    """
    head = _HEAD.match(line)
    if not head:
        return line
    level = _ENGLISH[head["level"]]
    rest = line[head.end() :]
    found = _LENGTH.match(rest) if level == "LOG" else None
    if found:
        rest = f"duration: {found['length'].replace(',', '.')} ms" + (
            f"  {_kind(found['kind'])}: {found['statement']}" if found["kind"] else ""
        )
    return f"{head['before']}{level}{head['debug']}:  {rest}"


def _kind(words: str) -> str:
    first, _, name = words.strip().partition(" ")
    low = first.lower()
    for step, stems in _STEPS.items():
        if low in stems:
            return f"{step} {name}" if name else step
    if not name or low in _STATEMENTS:
        return "statement"
    return words if low == "plan" else f"execute {name}"
