-- Time that was worked with the rate in force on its day: of the versions that have begun the latest, unless it has
-- ended. Where no rate is, ``rate_id`` and ``cost`` are null.
SELECT worked.account_id, worked.item_id, worked.day, worked.minutes, rate.id AS rate_id,
    worked.minutes * rate.loaded_cost / (rate.capacity_hours * 60) AS cost
FROM ({worked}) AS worked
LEFT JOIN (
    SELECT every.day::date AS day, held.id, held.loaded_cost, held.capacity_hours
    FROM generate_series({first}::date::timestamp, {last}::date::timestamp, interval '1 day') AS every(day)
    CROSS JOIN LATERAL (
        SELECT version.* FROM ({versions}) AS version
        WHERE version.starts_on <= every.day::date
        ORDER BY version.starts_on DESC, version.version DESC
        LIMIT 1
    ) AS held
    WHERE (held.ends_on IS NULL OR held.ends_on > every.day::date) AND held.currency = {currency}
) AS rate ON rate.day = worked.day
