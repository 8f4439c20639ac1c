"""The published weights of mn04, read without running anything that is in their file."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np

from genre_model.backbone.mn04_layout import entries
from genre_model.errors import ModelFileError

if TYPE_CHECKING:
    from numpy.typing import NDArray

URL = "https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/mn04_as_mAP_432.pt"
SHA256 = "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c"
N_BYTES = 4_066_513
#: Counts of batches train on; nothing is computed with them.
COUNTS = ".num_batches_tracked"


def weights_of(content: bytes) -> dict[str, NDArray[np.float32]]:
    """Read the weights.

    The file is a zip archive of arrays, and a pickle that names them. Since its checksum
    says which file it is, the names are known, and the pickle is left alone.

    Args:
        content: of the published file.

    Returns:
        Name -> array, as in ``mn04_layout``.

    Raises:
        ModelFileError: if it is another file.
    """
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ModelFileError(
            f"it is not the published file, whose SHA-256 is {SHA256}, but has {found}: it "
            "is damaged, or another one"
        )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {
            name: _array(archive.read(f"archive/data/{number}"), shape)
            for number, (name, shape) in enumerate(entries())
            if not name.endswith(COUNTS)
        }


def _array(content: bytes, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.frombuffer(content, "<f4").reshape(shape)
