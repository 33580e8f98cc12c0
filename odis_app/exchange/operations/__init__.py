"""What one does with an import: read a file, choose its columns, set lines aside, record all or nothing, undo."""

from odis_app.exchange.operations.drafts import (
    choose_columns,
    choose_sheet,
    discard_import,
    note_download,
    reload_import,
    set_aside_errors,
    start_import,
)
from odis_app.exchange.operations.recording import ask_recording, record_as_asked, record_import, undo_import

__all__ = [
    "ask_recording",
    "choose_columns",
    "choose_sheet",
    "discard_import",
    "note_download",
    "record_as_asked",
    "record_import",
    "reload_import",
    "set_aside_errors",
    "start_import",
    "undo_import",
]
