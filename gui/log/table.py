"""The table of records: columns give way to each other where room is short."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHeaderView, QTableView, QWidget

from gui.library.document_table import dress
from gui.log.records import LogModel
from gui.style.scale import fix, px

_WIDTHS = ((0, 76), (1, 198), (2, 170), (3, 130), (5, 122))
_OBJECT, _PERSON, _ACTION = 4, 3, 2


class RecordTable(QTableView):
    def __init__(self, model: LogModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setAccessibleName(self.tr("Records of the log"))
        dress(self)
        fix(self, rows=36, icons=17)
        self.horizontalHeader().setMinimumSectionSize(px(_WIDTHS[0][1]))
        for column, width in _WIDTHS:
            self.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            self.horizontalHeader().resizeSection(column, px(width))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The object goes first, then the person; the last to stay are time, action, outcome."""
        narrow = self.width() < px(800)
        self.setColumnHidden(_OBJECT, narrow)
        self.setColumnHidden(_PERSON, self.width() < px(660))
        mode = QHeaderView.ResizeMode
        head = self.horizontalHeader()
        head.setSectionResizeMode(_OBJECT, mode.Stretch)
        head.setSectionResizeMode(_ACTION, mode.Stretch if narrow else mode.Interactive)
        if not narrow:
            head.resizeSection(_ACTION, px(dict(_WIDTHS)[_ACTION]))
        super().resizeEvent(event)
