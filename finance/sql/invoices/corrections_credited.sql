INSERT INTO finance_invoicecorrection AS held (
    invoice_id, kind, credit_note_id, total_before, total_after, root_cause, found_on
)
SELECT
    invoice.id, 'credited', note.id, invoice.total, greatest(invoice.total - note.total, 0), note.root_cause,
    note.issued_on
FROM sync_touched AS touched
JOIN finance_invoice AS note ON note.id = touched.object_id
JOIN finance_invoice AS invoice ON invoice.id = note.corrects_id
WHERE note.deleted_at IS NULL AND note.kind = 'credit_note' AND note.status = 'issued'
ON CONFLICT (credit_note_id) DO UPDATE SET
    invoice_id = excluded.invoice_id,
    total_before = excluded.total_before,
    total_after = excluded.total_after,
    found_on = excluded.found_on,
    -- What a person named stands.
    root_cause = CASE
        WHEN held.named_at IS NULL AND excluded.root_cause <> '' THEN excluded.root_cause
        ELSE held.root_cause
    END
