"""What finance and those who follow the money see first."""
