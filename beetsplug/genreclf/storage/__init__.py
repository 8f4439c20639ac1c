"""Writes decisions to the library and to files."""
