"""The default of every option; read for every ``beet`` command, so it imports nothing."""

from __future__ import annotations

from typing import Any

DEFAULTS: dict[str, Any] = {
    "auto": True,
    "asis": "db",
    "source": "album",
    "force": False,
    "keep_existing": False,
    "count": 1,
    "min_confidence": 0.6,
    "min_margin": 0.0,
    "fallback": None,
    "title_case": True,
    "label_map": {},
    "ignore": {},
    "aliases": True,
    "model": None,
    "threads": None,
    "safe_write": True,
    "move": False,
    "pretend": False,
    "quiet": False,
    "training": {
        "label_field": "genres",
        "labels": "first",
        "label_map": {},
        "min_tracks": 15,
        "max_per_artist": None,
        "genre_balance": 1.0,
        "folds": 5,
        "seed": 0,
        "parent": None,
        "name": "personal",
    },
}
