"""The nightly engine: plans a day's work, works it off with any number of workers, tells how far it is."""
