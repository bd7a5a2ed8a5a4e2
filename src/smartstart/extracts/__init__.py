"""Delivered files: found, bounded, read as text, and split into records with their structural faults named."""
