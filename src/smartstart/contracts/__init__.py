"""Data contracts: what a file that enters or leaves must look like, and what is wrong when it does not."""
