"""Texts as Terraform counts them: by what a reader takes for one character, which may be several code points.

Source: Unicode Standard Annex #29, the extended grapheme clusters, without the rule for Indic conjuncts, as the
library of Terraform goes by; what the categories of Unicode do not decide (jamo, prepended signs, spacing vowel signs
of Burmese and its neighbours) is left unknown.
"""

from __future__ import annotations

from scanner.sources.terraform.values import TooLarge

_JOINER = "\u200d"
_EXTENDING = frozenset("\u200c\uff9e\uff9f\u0e33\u0eb3\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
_PREPENDED = frozenset("\u0d4e\U000111c2\U000111c3\U0001193f\U00011941\U00011a3a\U00011d46\U00011f02")
_JAMO = (range(0x1100, 0x1200), range(0xA960, 0xA980), range(0xD7B0, 0xD800), range(0x11A84, 0x11A8A))
_NOT_ALWAYS = (range(0x1000, 0x10A0), range(0x1900, 0x1B00), range(0xAA60, 0xAA80), range(0x11720, 0x11740))
_FLAGS = range(0x1F1E6, 0x1F200)


def composed(text: str) -> str:
    """The text in Unicode's normal form C, in which Terraform has all of its texts."""
    from unicodedata import normalize

    return normalize("NFC", text)


def graphemes(text: str) -> list[str]:
    """The characters of a text. Raises TooLarge where that is not decided here."""
    if text.isascii() and "\r\n" not in text:
        return list(text)
    found: list[str] = []
    for character in text:
        if found and _continues(found[-1], character):
            found[-1] += character
        else:
            found.append(character)
    return found


def _continues(before: str, character: str) -> bool:
    from unicodedata import category

    if before == "\r" and character == "\n":
        return True
    kind = category(character)
    if ord(character) < 0x80 or category(before[-1]) in ("Cc", "Zl", "Zp"):
        return False
    if character in _EXTENDING or character == _JOINER or kind in ("Mn", "Me"):
        return True
    if kind in ("Cf", "Cn", "Co", "Cs") or character in _PREPENDED or any(ord(character) in one for one in _JAMO):
        raise TooLarge("a text whose characters are not told apart")
    if kind == "Mc":
        if any(ord(character) in one for one in _NOT_ALWAYS):
            raise TooLarge("a text whose characters are not told apart")
        return True
    if ord(character) in _FLAGS:
        return len(before) == 1 and ord(before) in _FLAGS
    if before[-1] != _JOINER or kind[0] in "LN":
        return False
    if kind != "So" or category(before[0]) != "So":
        raise TooLarge("a text whose characters are not told apart")
    return True
