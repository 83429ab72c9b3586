DELETE FROM finance_invoicecorrection AS correction
USING finance_invoice AS note, sync_touched AS touched
WHERE note.id = touched.object_id
    AND correction.credit_note_id = note.id
    AND (
        note.deleted_at IS NOT NULL
        OR note.kind <> 'credit_note'
        OR note.status <> 'issued'
        OR note.corrects_id IS DISTINCT FROM correction.invoice_id
    )
