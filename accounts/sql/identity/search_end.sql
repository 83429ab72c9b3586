DROP TABLE identity_probe, identity_domain, identity_address, identity_signal, identity_pair
