"""Does it help? The comparison of the arms: pure functions of arrays, one formula a function, records as results."""
