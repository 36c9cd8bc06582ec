"""Measurements of the whole: latency, density, memory, cost per frame. `python bench/run.py`, see `docs/performance.md`."""
