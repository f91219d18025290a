"""Measurements, each a command: `python -m benchmarks NAME`. Medians of interleaved runs on one machine."""
