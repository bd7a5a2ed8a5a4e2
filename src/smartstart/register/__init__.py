"""The register: one SQL file, one SELECT, one table, named by the file; everything as of a day."""
