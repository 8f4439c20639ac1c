"""Chooses settings on validation tracks."""
