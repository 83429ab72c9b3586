"""Pages of approvals: the inbox, a request, delegations."""
