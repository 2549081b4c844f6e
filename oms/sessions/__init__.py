"""The venue as the daemon sees it: connections, and how an account is opened on one."""
