"""What is asked at night: the card of an entity, the picture of an incident, who is to be called, and what is not ready."""
