"""Fetches a file from the network."""

from __future__ import annotations

import urllib.request
from http.client import HTTPException

from genre_model.errors import DownloadError

TIMEOUT_SECONDS = 60.0


def download(url: str, n_bytes: int) -> bytes:
    """Return what lies at an address.

    Args:
        url: of a file, by https.
        n_bytes: its length; no more is read.

    Raises:
        DownloadError: if it cannot be had, in one line that names the address.
    """
    if not url.startswith("https://"):
        raise ValueError(f"{url} is no address of https")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            # One byte more tells a longer file from this one.
            content: bytes = answer.read(n_bytes + 1)
    except (OSError, HTTPException) as error:
        raise DownloadError(f"cannot download {url}: {error}") from error
    return content
