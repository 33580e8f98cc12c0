"""Who may read, and what has become of a file."""

from __future__ import annotations

from odis_app.core.enums import Labelled


class Audience(Labelled):
    """Who reads an entry or a document, among those who hold the record: the one enumeration for both."""

    PARTENAIRES = "partenaires", "Partenaires du dossier"
    ORGANISATION = "organisation", "Mon organisation"
    ETAT = "etat", "État et mon organisation"
    CHOISIS = "choisis", "Personnes choisies"


class DocumentState(Labelled):
    """Where a file is between the upload and the download."""

    QUARANTINE = "quarantine", "En attente d’analyse"
    CLEAN = "clean", "Disponible"
    REFUSED = "refused", "Refusé par l’antivirus"


class MediaType(Labelled):
    """What may be stored, told from the content; the value is what the download announces."""

    PDF = "application/pdf", "PDF"
    PNG = "image/png", "image PNG"
    JPEG = "image/jpeg", "image JPEG"
    WEBP = "image/webp", "image WebP"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "document Word"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "classeur Excel"
    ODT = "application/vnd.oasis.opendocument.text", "document OpenDocument"
    ODS = "application/vnd.oasis.opendocument.spreadsheet", "classeur OpenDocument"
    CSV = "text/csv", "tableau CSV"
    TXT = "text/plain", "texte"

    @property
    def suffix(self) -> str:
        """« .pdf »: what the name of a downloaded file ends with, whatever it was called."""
        return f".{self.name.lower()}" if self is not MediaType.JPEG else ".jpg"

    @property
    def is_image(self) -> bool:
        """Encoded again before it is stored."""
        return self in {MediaType.PNG, MediaType.JPEG, MediaType.WEBP}
