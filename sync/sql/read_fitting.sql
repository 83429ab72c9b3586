-- Records that fit a filter, so many at most.
SELECT t.id FROM {target} AS t WHERE true {conditions} LIMIT %(most)s
