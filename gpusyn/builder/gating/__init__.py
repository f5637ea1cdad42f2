"""Who owns a receptor's gates, and the coefficients that advance them."""
