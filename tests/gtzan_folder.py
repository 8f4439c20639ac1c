"""A small folder of mel pictures that a network can learn within seconds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from genre_model.training.data.gtzan import GENRE_OF_FOLDER
from genre_model.training.recipe import Recipe, read_recipe

if TYPE_CHECKING:
    from pathlib import Path


def write_pictures(root: Path, numbers: range, seed: int = 0) -> Path:
    """Write pictures ``mel_png/<genre>/<track>.png``: each genre has a band of its own."""
    rng = np.random.default_rng(seed)
    for index, folder in enumerate(GENRE_OF_FOLDER):
        (root / "mel_png" / folder).mkdir(parents=True, exist_ok=True)
        for number in numbers:
            grey = rng.normal(90, 20, (96, 344))
            lowest = 8 * index
            grey[95 - lowest - 7 : 96 - lowest] += 90
            picture = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
            picture.save(root / "mel_png" / folder / f"{folder}.{number:05d}.png")
    return root


def quick_recipe(**changes: object) -> Recipe:
    """Return the bundled recipe, made small."""
    recipe = read_recipe("gtzan_crnn")
    small = {
        "epochs": 3,
        "steps_per_epoch": 6,
        "batch_size": 10,
        "ema_decay": 0.8,
        "validate_every_epochs": 1,
        "precision": "32-true",
        "learning_rate": 5e-3,
    }
    return replace(
        recipe,
        network_options={"channels": [4, 4, 8, 8, 8, 8], "gru_units": 8, "dropout": 0.1},
        training=replace(recipe.training, **(small | changes)),  # type: ignore[arg-type]
    )
