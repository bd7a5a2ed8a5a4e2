"""Several municipalities together: a common effect, how far they differ, and what a next one may expect."""
