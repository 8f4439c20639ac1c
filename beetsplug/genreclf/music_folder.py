"""A lost disk is said once, not for each of the 50,000 files that it took along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beetsplug.genreclf.ui.text import user_error

if TYPE_CHECKING:
    from pathlib import Path


def require_music_folder(folder: Path | None, path: Path) -> None:
    """Check that the music folder is there, now that a file in it could not be read.

    Args:
        folder: of the library; None if the file need not lie there (yet).
        path: of the file.

    Raises:
        UserError: if the folder is missing, or empty as a mount point is.
    """
    if folder is None or folder not in path.parents or path.exists():
        return
    if not folder.is_dir() or not any(folder.iterdir()):
        raise user_error(
            f"genreclf: the music folder {folder} is missing or empty; is its disk "
            "mounted? Tracks below it were left as they are"
        )
