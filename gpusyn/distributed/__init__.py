"""One network on several ranks: who owns which neurons, and how spikes and results travel between them."""
