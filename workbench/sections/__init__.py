"""The sections of `workbench.toml`, each with what it may say."""
