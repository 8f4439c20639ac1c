"""Which backbones there are, and whether one is installed."""

from __future__ import annotations

from genre_model.errors import ModelFileError
from genre_model.model.source import BACKBONES, installed_model_names


def installed_backbone(name: str) -> str:
    """Return the name of the model that a backbone has become.

    Raises:
        ModelFileError: if there is no such backbone, or it is not installed.
    """
    if name not in BACKBONES:
        raise ModelFileError(f"no backbone {name!r}; there is {', '.join(BACKBONES)}")
    if BACKBONES[name] not in installed_model_names():
        raise ModelFileError(
            f"backbone {name} is not installed: genre-model backbone install {name}"
        )
    return BACKBONES[name]
