-- The same web domain. Where very many have it, it says less, and each is held only against its neighbours by name.
INSERT INTO identity_signal (low, high, signal, points, "text")
SELECT least(mine.id, other.id), greatest(mine.id, other.id), 'domain',
    CASE WHEN mine.total <= 5 THEN 60 WHEN mine.total <= %(neighbours)s THEN 45 ELSE 25 END,
    CASE
        WHEN mine.total = 2 THEN format('Both use the web domain %%s.', mine.domain)
        ELSE format('Both use the web domain %%s, as %%s more %%s.', mine.domain, mine.total - 2,
            CASE WHEN mine.total = 3 THEN 'account does' ELSE 'accounts do' END)
    END
FROM identity_domain AS mine
JOIN identity_domain AS other
    ON other.domain = mine.domain AND other.place > mine.place AND other.place <= mine.place + %(neighbours)s
WHERE mine.id IN (SELECT id FROM identity_probe) OR other.id IN (SELECT id FROM identity_probe)
