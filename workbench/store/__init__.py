"""DuckDB: the journal of what happened, the tables on disk, and read-only SQL."""
