package deepimagej.window;

import java.util.Locale;

/** A model in the list. */
final class Card {

	/** Columns of the row that Python gives. */
	private static final int ID = 0, NAME = 1, CAPTION = 2, BADGE = 3, STATE = 4, REASON = 5,
			PICTURE = 6, TASK = 7, WORDS = 8;

	private final String[] row;

	Card(final String... row) {
		this.row = row;
	}

	/** What {@link Desk#page} takes. */
	String id() {
		return row[ID];
	}

	String name() {
		return row[NAME];
	}

	/** What it does, in some words. */
	String caption() {
		return row[CAPTION];
	}

	/** The engine that runs it. */
	String badge() {
		return row[BADGE];
	}

	boolean isReady() {
		return "ready".equals(row[STATE]);
	}

	boolean isBroken() {
		return "broken".equals(row[STATE]);
	}

	/** Why it cannot run; empty if it can. */
	String reason() {
		return row[REASON];
	}

	/** The file of a small picture; empty if there is none. */
	String picture() {
		return row[PICTURE];
	}

	/** The kind of result, for the icon. */
	String task() {
		return row[TASK];
	}

	/** Whether every word of the search is a part of what is known of the model. */
	boolean matches(final String search) {
		for (final String word : search.toLowerCase(Locale.ROOT).trim().split("\\s+")) {
			if (!row[WORDS].contains(word)) return false;
		}
		return true;
	}

	@Override
	public String toString() {
		return name(); // for screen readers, and to find a model by typing its first letters
	}
}
