"""Where a mother and her child can go: a directory of provisions, which of them fit, and how much room there is."""
