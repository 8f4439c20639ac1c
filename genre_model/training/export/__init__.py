"""Trained networks to model files."""
