"""``register_record_kind``: how a package above gives its records a journal and a documents page (see ``documents.records``)."""

from odis_app.documents.records import RecordKind, RecordPage, page_of, register_record_kind

__all__ = ["RecordKind", "RecordPage", "page_of", "register_record_kind"]
