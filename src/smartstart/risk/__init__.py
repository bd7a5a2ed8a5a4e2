"""Risk: what is known of the four factors, and what may be learned from it. It selects nobody."""
