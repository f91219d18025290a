"""The pictures of a fleet: what each shows, as plain data, and its interactive figure; `workbench.pictures` has the
still ones.
"""
