"""The programme of one municipality: what it decides, in ``programme.yaml``, read once and judged once."""
