"""Names that beets keeps in different places in the versions that we support."""

from __future__ import annotations

try:
    from beets.exceptions import UserError
except ImportError:  # beets < 2.12; goes when 2.12 is the oldest version supported
    from beets.ui import UserError  # type: ignore[attr-defined]

__all__ = ["UserError"]
