"""A Jupyter Server extension: the API of the workbench below the Jupyter server's own address, behind its sign-in."""
