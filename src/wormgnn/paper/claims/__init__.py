"""What the paper says, sentence by sentence, and what the reference tables say of it."""
