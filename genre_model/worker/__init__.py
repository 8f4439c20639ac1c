"""Processes that predict, so that a file that crashes a decoder costs itself alone."""
