"""The analysis set for those who go on: pseudonymised, with a codebook, in the formats that they work with."""
