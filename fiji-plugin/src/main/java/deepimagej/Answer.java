package deepimagej;

/** How a command ended. */
public final class Answer {

	private enum Kind {
			DONE, FAILED, CANCELLED, UNTRUSTED
	}

	private final Kind kind;
	private final String text;
	private final String hint;
	private final String details;

	private Answer(final Kind kind, final String text, final String hint, final String details) {
		this.kind = kind;
		this.text = text;
		this.hint = hint;
		this.details = details;
	}

	/**
	 * The command did its work.
	 *
	 * @param line the macro line that repeats it, null if there is none
	 * @return the answer
	 */
	public static Answer done(final String line) {
		return new Answer(Kind.DONE, line, "", "");
	}

	/**
	 * The command did its work, and there is something to tell of it.
	 *
	 * @param line the macro line that repeats it, null if there is none
	 * @param told a sentence for the user
	 * @return the answer
	 */
	public static Answer done(final String line, final String told) {
		return new Answer(Kind.DONE, line, told, "");
	}

	/**
	 * The command failed.
	 *
	 * @param message what happened
	 * @param hint what the user can do
	 * @param details what helps to find the cause: for a report, not to be read by everybody
	 * @return the answer
	 */
	public static Answer failed(final String message, final String hint, final String details) {
		return new Answer(Kind.FAILED, message, hint, details);
	}

	/**
	 * The model brings code that the user was not asked about yet.
	 *
	 * @param message what was found
	 * @param hint what the user can do
	 * @param details as for {@link #failed}
	 * @return the answer
	 */
	public static Answer untrusted(final String message, final String hint, final String details) {
		return new Answer(Kind.UNTRUSTED, message, hint, details);
	}

	/**
	 * The user cancelled the command: what called it stops as well, and nobody needs a message.
	 *
	 * @return the answer
	 */
	public static Answer cancelled() {
		return new Answer(Kind.CANCELLED, null, "", "");
	}

	/** @return whether the command did its work */
	public boolean isDone() {
		return kind == Kind.DONE;
	}

	/** @return whether the user cancelled it */
	public boolean isCancelled() {
		return kind == Kind.CANCELLED;
	}

	/** @return whether it did not run as its code is not trusted yet */
	public boolean isUntrusted() {
		return kind == Kind.UNTRUSTED;
	}

	/** @return the line to record if it is done, else the message; may be null */
	public String text() {
		return text;
	}

	/** @return the way out if it failed, what to tell if it is done; may be empty */
	public String hint() {
		return hint;
	}

	/** @return what helps to find the cause; may be empty */
	public String details() {
		return details;
	}

	/** Message and way out as ImageJ shows them in a macro's error; null if there is nothing to tell. */
	String message() {
		if (text == null || hint.isEmpty()) return text;
		return text + "\n" + hint;
	}
}
