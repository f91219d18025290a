"""The fleet as tables, and tables and graphs as files."""
