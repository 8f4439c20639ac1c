"""Writes the golden values; run after any wanted change before or of the model.

python tests/golden/regenerate.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from golden_values import FOLDER, golden_values

if __name__ == "__main__":
    mel_frames, probabilities = golden_values()
    np.save(FOLDER / "mel_frames.npy", mel_frames)
    text = json.dumps(probabilities, indent=1)
    (FOLDER / "probabilities.json").write_text(f"{text}\n", "utf-8")
