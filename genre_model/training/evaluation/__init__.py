"""Scores trained models and compares them."""
