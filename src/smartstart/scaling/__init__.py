"""The register and its additive scores on Spark, for more rows than one machine carries; all else stays where it is."""
