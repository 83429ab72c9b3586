DELETE FROM product_usageuserday AS held
USING product_usage_taken AS taken
WHERE held.account_id = taken.account_id AND held.day = taken.day
