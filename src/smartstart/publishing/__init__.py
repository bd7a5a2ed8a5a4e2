"""What a municipality must publish and prove: filled in where the program knows the answer, else left open."""
