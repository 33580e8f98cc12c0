"""What an operation may answer instead of doing its work."""

from __future__ import annotations


class RuleError(Exception):
    """A business rule refuses the write. ``field`` names the form field, or is empty; ``message`` is a French sentence."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class StaleVersionError(RuleError):
    """Somebody else changed the same thing since the form was opened; ``changes`` tells what, in French."""

    def __init__(self, changes: list[str]) -> None:
        super().__init__("", "Quelqu’un a modifié cette page pendant que vous écriviez.")
        self.changes = changes
