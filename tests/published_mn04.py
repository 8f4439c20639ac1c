"""A file as mn04's authors published theirs, but with random weights."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np

from genre_model.backbone.mn04_layout import entries

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Weights = dict[str, NDArray[np.float32]]


def random_weights() -> Weights:
    """Return weights that keep numbers of the order of 1 through all layers."""
    rng = np.random.default_rng(0)

    def values(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        if name.endswith("running_var"):
            return rng.uniform(0.5, 2, shape).astype(np.float32)
        if len(shape) < 2:
            return rng.normal(0.1, 0.3, shape).astype(np.float32)
        width = float(np.sqrt(2 / np.prod(shape[1:])))
        return rng.normal(0, width, shape).astype(np.float32)

    return {name: values(name, shape) for name, shape in entries()}


def published_file(weights: Weights) -> bytes:
    """Return what torch would have written, with nothing in its pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", b"not to be read")
        for number, (name, _) in enumerate(entries()):
            is_count = name.endswith("num_batches_tracked")
            content = bytes(8) if is_count else weights[name].astype("<f4").tobytes()
            archive.writestr(f"archive/data/{number}", content)
    return buffer.getvalue()
