"""Where files of a user lie that do not come with the package."""

from __future__ import annotations

import os
import sys
from pathlib import Path

#: Another place, for tests and for people who want one.
VARIABLE = "GENRE_MODEL_DATA"


def data_folder() -> Path:
    """Return the folder, as each system has it; it need not exist."""
    if given := os.environ.get(VARIABLE):
        return Path(given)
    # Not Path.home(), which may raise where there is no such thing.
    home = Path(os.path.expanduser("~"))  # noqa: PTH111
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or home / ".local" / "share"
    return Path(base) / "genre_model"
