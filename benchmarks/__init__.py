"""Measures the endpoint beside its peers, over hours, and under attack. Prints numbers; the soak alone judges."""
