"""What each role's home page reads; nothing here looks past the selects of the packages below."""
