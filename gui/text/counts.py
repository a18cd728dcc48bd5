"""Numbers, times and sizes in words.

Rules kept here: times are shown in the machine's own time zone, counts with thin groups, and
times left are rounded to what a person would say.
"""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale, QTime


def number(value: int) -> str:
    return f"{value:,}"


def counted(value: int, one: str, many: str) -> str:
    """ "1 page", "1,204 pages"."""
    return f"{number(value)} {one if value == 1 else many}"


def size(value: int) -> str:
    """Bytes as a person says them: 1 kB is 1,000 bytes."""
    amount = float(value)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 10 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def day(moment: datetime) -> str:
    local = moment.astimezone()
    return QLocale().toString(QDate(local.year, local.month, local.day), "d MMM yyyy")


def clock(moment: datetime, seconds: bool = False) -> str:
    local = moment.astimezone()
    return f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"


def stamp(moment: datetime) -> str:
    local = moment.astimezone()
    when = QDateTime(
        QDate(local.year, local.month, local.day), QTime(local.hour, local.minute, local.second)
    )
    return QLocale().toString(when, "d MMM yyyy, HH:mm:ss")


def seconds(value: float) -> str:
    if value < 0.0995:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 60 else f"{int(value // 60)} min {int(value % 60)} s"


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
    return _tr("about {} hours left").format(round(left / 360) / 10)


def _tr(text: str) -> str:
    return QCoreApplication.translate("counts", text)
