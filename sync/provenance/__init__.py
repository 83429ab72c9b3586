"""Where each value comes from: its source and record, who else says what, pins, and how it was on a day."""
