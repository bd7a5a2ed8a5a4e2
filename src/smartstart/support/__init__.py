"""Where support goes: which provisions there are, which of them fit, and how much room. It knows no woman."""
