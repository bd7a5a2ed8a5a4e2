"""smartstart: risk stratification, a verifiable draw and invitation lists for early support in pregnancy."""

__version__ = "0.1.0"
