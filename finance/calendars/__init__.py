"""The calendar of contracts that people subscribe to."""
