"""The paper's hypothesis on simulated worms whose individual variability is known."""
