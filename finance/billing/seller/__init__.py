"""The seller's particulars: who issues invoices, in versions that count from a day on."""
