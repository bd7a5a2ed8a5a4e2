"""Intake: every row of a delivery is accepted, set aside with its reasons, counted as a duplicate, or refused."""
