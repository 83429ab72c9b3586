-- The partition's foreign key goes with it, which takes the accounts too; the same order as where one is made.
SET LOCAL lock_timeout = '10s';
LOCK TABLE accounts_account IN ACCESS EXCLUSIVE MODE;
DROP TABLE {partition}
