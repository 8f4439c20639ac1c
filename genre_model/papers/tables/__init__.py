"""Tables of audio features: read, computed, and judged by classical systems."""
