"""Findings and ports as text for people and for machines."""
