"""The two questions of the paper: which state it is (`states`), and what comes next (`traces`)."""
