"""What stands behind a `Workbench`: this process, a running server, or published files."""
