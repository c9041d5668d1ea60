"""What deep networks are compared with."""
