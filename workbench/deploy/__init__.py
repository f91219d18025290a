"""Deployments: what is to be done, in which order, by which commands, and what came of it."""
