"""Untrusted model files, tried in a process of their own."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from genre_model.errors import GenreModelError, ModelFileError
from genre_model.model.card_text import printable
from genre_model.model.source import MAX_BYTES
from genre_model.worker.isolated_classifier import IsolatedClassifier

if TYPE_CHECKING:
    from pathlib import Path


def check_untrusted_model(path: Path) -> bytes:
    """Check a model file of unknown origin: that it does no harm, and that it works.

    What a file can still do to ONNX Runtime, such as ask for all the memory there is, it
    does to a process that ends.

    Returns:
        The content that was checked; keep this, the file may be another tomorrow.

    Raises:
        ModelFileError: one line that names the file and what is wrong with it.
        ImportError: a library that is needed cannot be loaded.
    """
    try:
        content = _read(path)
        IsolatedClassifier(content, is_untrusted=True).close()
    except GenreModelError as error:
        kind = type(error) if isinstance(error, ModelFileError) else ModelFileError
        raise kind(f"model file {path}: {printable(str(error))}") from error
    return content


def _read(path: Path) -> bytes:
    if path.suffix.lower() != ".onnx":
        raise ModelFileError("its name must end in .onnx")
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise ModelFileError("it is no file")
        if about.st_size > MAX_BYTES:
            raise ModelFileError(f"it is larger than {MAX_BYTES // 2**20} MB")
        return path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"cannot be read ({error.strerror})") from error
