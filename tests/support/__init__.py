"""What the proofs share: a running server, people on it, peers that are not Majlis, and patience."""
