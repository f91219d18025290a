"""SQL and Cypher for others, in processes that may be ended at any time."""
