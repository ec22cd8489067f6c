"""Names of months in other languages than English: how Java, the C library and browsers abbreviate them."""

from __future__ import annotations

import re

__all__ = ["in_english"]

_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NAMES = (
    "januar janvier janv enero ene janeiro gennaio gen januari sty styczeń stycznia oca ocak янв января январь led ledna tammi 1월 1月",
    "februar februari février févr fév febrero fevereiro fev febbraio lut luty lutego şub şubat фев февр февраля февраль úno helmi 2월 2月",
    "märz mär mrz mars março marzo maart mrt marzec marca mart мар марта март bře maalis 3월 3月",
    "april avril avr abril abr aprile kwi kwiecień kwietnia nis nisan апр апреля апрель dub huhti 4월 4月",
    "mai mayo maio maggio mag mei maj maja mayıs мая май kvě touko 5월 5月",
    "juni juin junio junho giugno giu juni cze czerwiec czerwca haz haziran июн июня июнь čvn kesä 6월 6月",
    "juli juil juillet julio julho luglio lug lip lipiec lipca tem temmuz июл июля июль čvc heinä 7월 7月",
    "august août aout agosto ago augustus sie sierpień sierpnia augusti ağu ağustos авг августа август srp elo 8월 8月",
    "september septembre septiembre sept setembro set settembre wrz wrzesień września eyl eylül сен сент сентября сентябрь zář syys 9월 9月",
    "oktober okt octobre octubre outubro out ottobre ott paź październik października eki ekim окт октября октябрь říj loka 10월 10月",
    "november novembre noviembre novembro lis listopad listopada kas kasım ноя нояб ноября ноябрь marras 11월 11月",
    "dezember dez décembre déc diciembre dic dezembro dicembre december gru grudzień grudnia ara aralık дек декабря декабрь pro joulu 12월 12月",
)
_MONTH_OF = {name: month for month, names in zip(_ENGLISH, _NAMES, strict=True) for name in names.split()}
_WORD = "|".join(sorted(map(re.escape, _MONTH_OF), key=len, reverse=True))
_DATE = re.compile(
    r"(?P<before>[^\w\s]{0,2}(?:<\d{1,3}>)?)"
    r"(?:[^\W\d]{1,12}\.?,? )?"  # the day of the week
    rf"(?:(?P<day>\d{{1,2}})\.?(?P<gap>[ /-]))?(?P<month>{_WORD})\.?(?P<after>[ /-]+(?=\d))",
    re.IGNORECASE,
)


def in_english(text: str) -> str | None:
    """Return a text that begins with a date, its month in English; None where no month of another language begins it.

    Examples
    --------
    >>> in_english("März 04, 2026 1:00:02 PM"), in_english("mer. 04 févr. 2026 12:00:00"), in_english("4/out/2026:12:00")
    ('Mar 04, 2026 1:00:02 PM', '04 Feb 2026 12:00:00', '4/Oct/2026:12:00')
    >>> in_english("Mar 04 12:00:00") is None
    True
    """
    found = _DATE.match(text)
    if not found:
        return None
    day = f"{found['day']}{found['gap']}" if found["day"] else ""
    month = _MONTH_OF[found["month"].lower()]
    return f"{found['before']}{day}{month}{found['after']}{text[found.end() :]}"
