"""Every sealed column and file of the installation, as data: what a rotation of keys has to visit.

Written in SQL, so that this floor knows no model of the floors above. ``tests/architecture/test_sealed.py`` compares the list with
the database: a sealed column that is not here would be lost on the day its key is retired.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """``row``: SQL of the last part of the place, of the row ``t`` and of ``join``; ``part``: the column's name in the place.

    ``record``: SQL of the number of the record whose key may have sealed the value; empty: the installation's key alone.
    """

    table: str
    column: str
    row: str = "t.public_id"
    part: str = ""
    join: str = ""
    record: str = ""

    @property
    def place(self) -> str:
        """SQL of the place (``core.crypto.place``)."""
        return f"'{self.table}|{self.part or self.column}|' || {self.row}"

    @property
    def source(self) -> str:
        """SQL after FROM."""
        return f"{self.table} t" + (f" JOIN {self.join}" if self.join else "")


@dataclass(frozen=True, slots=True)
class SealedFiles:
    """Files of the documents' folder: ``parts`` gives, by what is added to the row's key, the column's name in the place.

    ``record``: the column of the record's number; ``digest``: the column of the fingerprint of the sealed bytes, if any.
    """

    table: str
    folder: str
    parts: tuple[tuple[str, str], ...]
    record: str = ""
    digest: str = ""


_HOUSEHOLD = "households p ON p.id = t.household_id"
_MEMBER = "members p ON p.id = t.member_id"
_IMPORT = "imports p ON p.id = t.import_id"
_LINE = "p.public_id || ':' || t.number"

COLUMNS = (
    SealedColumn("record_keys", "key_sealed", row="t.record_id || '.' || t.public_id || '.' || t.version"),
    SealedColumn("private.totp", "sealed", row="t.user_id", part="secret"),
    SealedColumn("private.totp", "candidate", row="t.user_id", part="secret"),
    SealedColumn("jobs", "sealed_token"),
    SealedColumn("mails", "sealed"),
    SealedColumn("imports", "about_sealed"),
    SealedColumn("imports", "source_sealed"),
    SealedColumn("import_rows", "cells_sealed", row=_LINE, join=_IMPORT),
    SealedColumn("import_rows", "findings_sealed", row=_LINE, join=_IMPORT),
    SealedColumn("import_rows", "undo_sealed", row=_LINE, join=_IMPORT),
    SealedColumn("list_exports", "filters_sealed"),
    SealedColumn("list_exports", "password_sealed"),
    SealedColumn("reviews", "words_sealed", part="words"),
    SealedColumn("passations", "reason_sealed", part="reason"),
    SealedColumn("passations", "summary_sealed", part="summary"),
    SealedColumn("passations", "answer_sealed", part="answer"),
    SealedColumn("file_joins", "words_sealed", part="words"),
    SealedColumn("assignments", "word_sealed", part="word"),
    SealedColumn("documents", "name_sealed", record="t.record_id"),
    SealedColumn("journal_entries", "body_sealed", record="t.record_id"),
    SealedColumn("journal_entries", "moderation_reason_sealed", record="t.record_id"),
    SealedColumn(
        "journal_revisions", "body_sealed", row="p.public_id || '/' || t.version", join="journal_entries p ON p.id = t.entry_id",
        record="t.record_id",
    ),
    SealedColumn("household_identities", "phone_sealed", "p.public_id", "phone", _HOUSEHOLD, "t.household_id"),
    SealedColumn("household_administrative", "agdref_sealed", "p.public_id", "agdref", _HOUSEHOLD, "t.household_id"),
    SealedColumn(
        "household_administrative", "ofii_number_sealed", "p.public_id", "ofii_number", _HOUSEHOLD, "t.household_id"
    ),
    SealedColumn(
        "household_health_needs", "detail_sealed", "p.public_id || '.' || t.kind", "detail", _HOUSEHOLD, "t.household_id"
    ),
    *(
        SealedColumn(table, f"{name}_sealed", row="t.household_id", record="t.household_id")
        for table, name in (
            ("household_identities", "accommodation_note"), ("household_administrative", "si_siao_number"),
            ("household_administrative", "domiciliation"), ("household_requests", "life_project"),
        )
    ),
    SealedColumn("household_needs", "detail_sealed", row="t.kind", record="t.household_id"),
    SealedColumn("members", "situation_note_sealed", record="t.household_id"),
    SealedColumn("household_versions", "note_sealed", row="t.version", record="t.household_id"),
    SealedColumn("member_safety", "note_sealed", "p.public_id", "note", _MEMBER, "t.household_id"),
    SealedColumn("member_safety", "contact_sealed", row="t.member_id", record="t.household_id"),
    SealedColumn("member_safety", "assessed_by_label_sealed", row="t.member_id", record="t.household_id"),
    SealedColumn(
        "household_changes", "changes_sealed", row="t.household_id || '.' || t.version || '.' || t.section", record="t.household_id"
    ),
    SealedColumn("orientation_choices", "override_motif_sealed", row="t.orientation_id", record="t.household_id"),
    SealedColumn("orientation_refusals", "comment_sealed", row="t.orientation_id", record="t.household_id"),
    *(
        SealedColumn("placement_departures", f"{name}_sealed", row="t.placement_id")
        for name in ("destination_commune_code", "comment")
    ),
    SealedColumn("protection_stories", "story_sealed", "p.public_id", "story", _MEMBER, "t.household_id"),
    *(
        SealedColumn("offer_hosts", f"{name}_sealed", row="t.offer_id", record="t.offer_id")
        for name in ("name", "siret", "phone", "email", "note", "living")
    ),
    *(
        SealedColumn("offer_addresses", f"{name}_sealed", row="t.offer_id", record="t.offer_id")
        for name in ("commune_code", "address", "ban_id")
    ),
    SealedColumn("offer_events", "note_sealed", record="t.offer_id"),
    *(
        SealedColumn("place_addresses", f"{name}_sealed", row="t.place_id", record="t.record_id")
        for name in ("label", "commune_code", "address", "ban_id")
    ),
    *(
        SealedColumn("structure_addresses", f"{name}_sealed", row="t.structure_id", record="t.structure_id")
        for name in ("name", "commune_code", "address", "finess_codes", "dna_codes")
    ),
    *(
        SealedColumn("structure_contacts", f"{name}_sealed", record="t.structure_id")
        for name in ("name", "role", "phone", "email")
    ),
    SealedColumn("consents", "witness_sealed", record="t.household_id"),
    SealedColumn("rights_requests", "details_sealed", record="t.household_id"),
    SealedColumn("rights_requests", "extension_sealed", record="t.household_id"),
    SealedColumn("rights_requests", "answer_sealed", record="t.household_id"),
    SealedColumn("limitations", "reason_sealed", record="t.household_id"),
)  # fmt: skip

FILES = (
    SealedFiles("documents", "", (("", "content"),), "record_id", "sha256"),
    SealedFiles("reports", "bilans", (("pdf", "pdf"), ("xlsx", "xlsx")), "record_id"),
    SealedFiles("data_copies", "copies", (("pdf", "pdf"), ("json", "json")), "household_id"),
    SealedFiles("list_exports", "exports", (("", "zip"),)),
)
