"""What we hold to be true: fed by events, told the time, without an opinion."""
