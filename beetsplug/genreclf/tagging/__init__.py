"""Passes over tracks: tag, check, revert, move."""
