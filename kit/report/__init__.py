"""Pages for people: one for each student and one for the class, made from results alone."""
