"""What stands before any work: the rate limits of callers, in one process or shared by all replicas through Redis."""
