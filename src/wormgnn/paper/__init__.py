"""What only the book needs: experiments, one study for each chapter that needs one, and claims."""
