"""A beets library of files that lie elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from processes import run

if TYPE_CHECKING:
    from pathlib import Path


def beets_home(home: Path, plugin: str, files: list[Path]) -> Path:
    """Import files into a library of their own, as they are, each as a singleton."""
    home.mkdir()
    settings = {
        "directory": str(files[0].parent),
        "library": str(home / "library.db"),
        "plugins": [plugin],
        "import": {"copy": False, "write": False, "duplicate_action": "keep"},
        "genreclf": {"auto": False},
        "autobpm": {"auto": False, "force": True},
    }
    (home / "config.yaml").write_text(json.dumps(settings), "utf-8")
    command = ["-m", "beets", "import", "-q", "-A", "-C", "-s", str(files[0].parent)]
    env = {"BEETSDIR": str(home)}
    run(command, env)
    n_rows = len(run(["-m", "beets", "ls"], env).output.splitlines())
    if n_rows != len(files):
        raise RuntimeError(f"{n_rows} of {len(files)} files were imported")
    return home
