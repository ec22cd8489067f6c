"""Numbers that carry their own check: payment cards and bank accounts."""

from __future__ import annotations

__all__ = ["is_card", "is_iban"]

_IBAN_LENGTHS = {"AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23,
                 "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28,
                 "PT": 25, "RO": 24, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TR": 26, "UA": 29}  # fmt: skip
_ISSUERS = (
    "4",
    "51",
    "52",
    "53",
    "54",
    "55",
    "22",
    "23",
    "24",
    "25",
    "26",
    "27",
    "34",
    "37",
    "30",
    "36",
    "38",
    "39",
    "6011",
    "62",
    "64",
    "65",
    "35",
    "50",
    "56",
    "57",
    "58",
    "63",
    "67",
    "81",
)


def is_card(text: str) -> bool:
    """Say whether digits are a card number: an issuer's prefix, its length, and the check of Luhn.

    Examples
    --------
    >>> is_card("4111 1111 1111 1111"), is_card("4111 1111 1111 1112"), is_card("0000000000000000")
    (True, False, False)
    """
    digits = [int(sign) for sign in text if sign.isdigit()]
    plain = "".join(map(str, digits))
    if not 13 <= len(digits) <= 19 or not plain.startswith(_ISSUERS) or len(set(digits)) < 2:
        return False
    doubled = [value if at % 2 == 0 else sum(divmod(2 * value, 10)) for at, value in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def is_iban(text: str) -> bool:
    """Say whether a text is an international bank account number: its country's length, and the check modulo 97.

    Examples
    --------
    >>> is_iban("DE89 3704 0044 0532 0130 00"), is_iban("DE89 3704 0044 0532 0130 01")
    (True, False)
    """
    plain = text.replace(" ", "").upper()
    if _IBAN_LENGTHS.get(plain[:2]) != len(plain):
        return False
    moved = plain[4:] + plain[:4]
    return int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1
