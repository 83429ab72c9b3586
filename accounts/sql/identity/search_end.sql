DROP TABLE identity_probe, identity_name, identity_domain, identity_address, identity_signal, identity_pair
