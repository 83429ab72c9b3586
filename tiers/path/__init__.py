"""What an account still lacks for the next tier, and what that tier brings."""
