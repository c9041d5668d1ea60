"""Reading behaviour from any set of neurons: fewer of them, one of them, or whatever is there."""
