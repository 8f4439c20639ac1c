"""Decides which genres to write, without touching a file or the library."""
