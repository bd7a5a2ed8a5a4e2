"""The council's report: what is known is collected, let through the gate, written, and recorded when released."""
