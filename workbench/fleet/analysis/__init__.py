"""Questions to the slot graph: each a pure function of a snapshot with a typed answer, defined in docs/analysis.md."""
