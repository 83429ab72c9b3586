"""What stops a file as a whole."""

from __future__ import annotations


class FileError(Exception):
    """The file can't be taken as it is; the text says where, why and what to do."""
