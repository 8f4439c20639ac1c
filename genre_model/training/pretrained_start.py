"""What a training begins with, if its network was pretrained."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from genre_model.errors import TrainingDataError
from genre_model.training.run_folder import WEIGHTS, read_weights

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from genre_model.training.protocols import Fold
    from genre_model.training.recipe import Recipe

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PretrainedStart:
    """Weights to begin a training with.

    Attributes:
        weights: of the network, its head included.
        about: what the card of a model says of them.
    """

    weights: dict[str, Tensor]
    about: dict[str, Any]


def read_start(folder: Path, recipe: Recipe, fold: Fold) -> PretrainedStart:
    """Read what was pretrained for a fold.

    Args:
        folder: of the pretraining of this fold.
        recipe: of the training that begins with it.
        fold: of the training.

    Raises:
        TrainingDataError: if there is none, it is of another network or front end, or it
            has heard tracks that the fold does not train on.
    """
    settings = _read_settings(folder)
    log.info("beginning with what %s has learned", folder)
    about, own = settings["pretraining"], json.loads(json.dumps(asdict(recipe)))
    for part in ("network", "network_options", "front_end"):
        if settings["recipe"].get(part) != own[part]:
            raise TrainingDataError(
                f"--pretrained: {folder} is of another {part.replace('_', ' ')} than the "
                f"recipe {recipe.name}"
            )
    if others := set(about["track_ids"]) - set(fold.train):
        raise TrainingDataError(
            f"--pretrained: {folder} has heard {len(others)} tracks that this fold does "
            f"not train on, such as {min(others)}"
        )
    if not (folder / WEIGHTS).exists():
        raise TrainingDataError(
            f"--pretrained: {folder} is not complete: run genre-model pretrain again"
        )
    weights = read_weights(folder)
    content = b"".join(weights[name].numpy().tobytes() for name in sorted(weights))
    return PretrainedStart(weights, about | {"sha256": hashlib.sha256(content).hexdigest()})


def _read_settings(folder: Path) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = json.loads((folder / "settings.json").read_text("utf-8"))
        settings["pretraining"]["track_ids"], settings["recipe"]["network"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingDataError(
            f"--pretrained: there is no pretraining in {folder}: give the --out of "
            "genre-model pretrain, with the same --protocol"
        ) from error
    return settings
