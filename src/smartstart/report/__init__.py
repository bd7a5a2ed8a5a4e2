"""Pages for a municipal council: plain Dutch, accessible HTML, and no count that could point to a person."""
