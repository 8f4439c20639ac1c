"""Distillation: a small network learns the genres of published taggers."""
