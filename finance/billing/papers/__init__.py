"""Invoices, credit notes and statements as PDF, by one stylesheet."""
