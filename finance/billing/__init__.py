"""The making of invoices: what was agreed about them, what each line comes to by days, drafts, issue and statements."""
