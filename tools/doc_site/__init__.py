"""Contents of the documentation site in addition to the pages in docs/."""
