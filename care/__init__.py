"""What we do on a schedule for the client's sake: follow-up calls, surveys, greetings."""
