"""Tracks, splits and training examples."""
