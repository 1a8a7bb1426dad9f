package deepimagej;

/** How a command ended. */
public final class Answer {

	private final boolean done;
	private final String text;

	private Answer(final boolean done, final String text) {
		this.done = done;
		this.text = text;
	}

	/**
	 * The command did its work.
	 *
	 * @param line the macro line that repeats it, null if there is none
	 * @return the answer
	 */
	public static Answer done(final String line) {
		return new Answer(true, line);
	}

	/**
	 * The command failed.
	 *
	 * @param message what happened and what the user can do
	 * @return the answer
	 */
	public static Answer failed(final String message) {
		return new Answer(false, message);
	}

	/**
	 * The user cancelled the command: what called it stops as well, and nobody needs a message.
	 *
	 * @return the answer
	 */
	public static Answer cancelled() {
		return new Answer(false, null);
	}

	boolean isDone() {
		return done;
	}

	/** The line to record if it is done, else the message; may be null. */
	String text() {
		return text;
	}
}
