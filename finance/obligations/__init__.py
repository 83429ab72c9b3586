"""Obligations: what contracts oblige us or the customer to do by a day."""
