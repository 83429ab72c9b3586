UPDATE finance_invoice AS invoice
SET net = sums.net, tax = sums.tax, total = sums.net + sums.tax
FROM (
    SELECT touched.object_id, coalesce(sum(sent.net), 0) AS net, coalesce(sum(sent.tax), 0) AS tax
    FROM sync_touched AS touched
    LEFT JOIN finance_lines AS sent ON sent.invoice_id = touched.object_id
    GROUP BY touched.object_id
) AS sums
WHERE invoice.id = sums.object_id AND (invoice.net, invoice.tax) IS DISTINCT FROM (sums.net, sums.tax)
