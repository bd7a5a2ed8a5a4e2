"""Does it help? From a file, from counts, or from the trial itself to a comparison of the arms."""
