"""Files hung on a record: judged by their content, sealed, given only through a guarded page."""

from __future__ import annotations

from flask import Flask

from odis_app.core.slots import slot
from odis_app.documents import operations
from odis_app.documents.cli import backup_command, keys
from odis_app.documents.policy import DOCUMENT_LIST
from odis_app.documents.records import RecordConverter, RecordKind, on_each_kind
from odis_app.documents.views import blueprint, count


def setup(app: Flask) -> None:
    """Know the store and the antivirus, register the pages, offer a tab to each kind of record."""
    operations.configure(app.config["ODIS"])
    app.url_map.converters["record"] = RecordConverter
    app.register_blueprint(blueprint)
    app.cli.add_command(backup_command)
    app.cli.add_command(keys)
    on_each_kind(_offer_tab)


def _offer_tab(kind: RecordKind) -> None:
    slot(f"{kind.name}.tabs").add(
        label="Documents", endpoint="documents.index", permission=DOCUMENT_LIST, order=100, provider=count
    )
