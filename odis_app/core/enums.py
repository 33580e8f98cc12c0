"""Enumerations whose values are stored and whose French labels are shown."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Labelled(StrEnum):
    """Members are written ``NAME = "stored_value", "Libellé"``; order of writing is order of showing."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        """(value, label) pairs for a select."""
        return [(member.value, member.label) for member in cls]

    @classmethod
    def label_of(cls, value: str | None) -> str:
        """The label of a stored value; empty for None, the value itself when it is no longer in the list."""
        if value is None:
            return ""
        try:
            return cls(value).label
        except ValueError:
            return value
