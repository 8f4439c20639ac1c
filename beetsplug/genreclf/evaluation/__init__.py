"""Scores a model on labelled tracks of a library."""
