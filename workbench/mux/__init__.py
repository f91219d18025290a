"""The Neural Mux: one tolerant client of a server whose shapes vary, followed on a thread of its own."""
