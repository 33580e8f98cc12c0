"""What one does with an import: read a file, choose its columns, set lines aside, record all or nothing, undo."""

from odis_app.exchange.operations.drafts import (
    choose_columns,
    choose_sheet,
    discard_import,
    reload_import,
    set_aside_errors,
    start_import,
)
from odis_app.exchange.operations.recording import record_import, undo_import

__all__ = [
    "choose_columns",
    "choose_sheet",
    "discard_import",
    "record_import",
    "reload_import",
    "set_aside_errors",
    "start_import",
    "undo_import",
]
