"""Copies of a fleet in other databases: PostgreSQL, PostgREST (and so Supabase), SurrealDB."""
