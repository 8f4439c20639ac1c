"""Distillation: a small network learns the genres that published taggers hear."""
