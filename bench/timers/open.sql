-- Let every ticket have been opened :ago seconds ago, or up to :within seconds after that, one after the other.
UPDATE support_ticket SET
    opened_at = now() + make_interval(secs => (id % :tickets)::numeric * :within / :tickets - :ago),
    created_at = now() + make_interval(secs => (id % :tickets)::numeric * :within / :tickets - :ago)
