"""Numbers, times and sizes in words.

Rules kept here: times are shown in the machine's own time zone, numbers as the language in force
writes them, and times left are rounded to what a person would say.
"""

from __future__ import annotations

import re
from datetime import datetime

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale, QTime
from PySide6.QtGui import QKeySequence

_PAGE = re.compile(r"p\. ([0-9]{1,9})")


def number(value: int) -> str:
    return QLocale().toString(value)


def decimal(value: float, places: int = 1) -> str:
    return QLocale().toString(value, "f", places)


def percent(share: float) -> str:
    return _tr("{}%").format(number(round(share * 100)))


def counted(value: int, one: str, many: str) -> str:
    """ "1 page", "1,204 pages"; in French nothing is one thing too (CLDR, plural rules)."""
    french = QLocale().language() == QLocale.Language.French
    return f"{number(value)} {one if value == 1 or (french and value == 0) else many}"


def size(value: int) -> str:
    """Bytes as a person says them: 1 kB is 1,000 bytes."""
    amount = float(value)
    for unit in (_tr("B"), _tr("kB"), _tr("MB")):
        if amount < 1000:
            return f"{decimal(amount, 0 if amount >= 10 or amount == value else 1)} {unit}"
        amount /= 1000
    return f"{decimal(amount)} {_tr('GB')}"


def day(moment: datetime) -> str:
    local = moment.astimezone()
    return QLocale().toString(QDate(local.year, local.month, local.day), _tr("d MMM yyyy"))


def clock(moment: datetime, seconds: bool = False) -> str:
    local = moment.astimezone()
    return f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"


def stamp(moment: datetime) -> str:
    local = moment.astimezone()
    when = QDateTime(
        QDate(local.year, local.month, local.day), QTime(local.hour, local.minute, local.second)
    )
    return QLocale().toString(when, _tr("d MMM yyyy, HH:mm:ss"))


def seconds(value: float) -> str:
    if value < 0.0995:
        return f"{value * 1000:.0f} ms"
    return f"{decimal(value)} s" if value < 60 else f"{int(value // 60)} min {int(value % 60)} s"


def time_left(done: int, total: int, elapsed: float) -> str:
    """What is left of `total` at the pace so far; empty until there is a pace."""
    if done < 3 or elapsed < 2.0 or total <= done:
        return ""
    left = elapsed / done * (total - done)
    if left < 10:
        return _tr("a few seconds left")
    if left < 55:
        return _tr("about {} seconds left").format(round(left / 5) * 5)
    if left < 90:
        return _tr("about a minute left")
    if left < 3600:
        return _tr("about {} minutes left").format(round(left / 60))
    return _tr("about {} hours left").format(decimal(left / 3600))


def place(words: str) -> str:
    """Where a citation stands, as the appliance puts it: "p. 4", a heading, or "text"."""
    page = _PAGE.fullmatch(words)
    if page is not None:
        return _tr("p. {}").format(number(int(page[1])))
    return _tr("text") if words == "text" else words


def keys(english: str) -> str:
    """What is pressed, as this language's keyboards have it on their keys: “Strg+L”."""
    return QKeySequence(english).toString(QKeySequence.SequenceFormat.NativeText) or english


def _tr(text: str) -> str:
    return QCoreApplication.translate("counts", text)
