"""Things worth remembering for a while."""
