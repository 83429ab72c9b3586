"""Time that people spend on tickets: written here or sent, corrected without losing what stood there."""
