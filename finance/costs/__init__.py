"""What accounts cost: dated rates of functions, and by them what the time costs that goes into each account."""
