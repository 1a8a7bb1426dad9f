package deepimagej.window;

/**
 * Work that a window waits for: Python writes here how far it is and looks whether it shall stop.
 * <p>
 * Nobody waits for anybody: the window looks at the values ten times a second.
 * </p>
 */
public final class Job {

	private volatile double part = -1;
	private volatile String text;
	private volatile boolean cancelled;

	Job(final String text) {
		this.text = text;
	}

	/**
	 * Shows how far the work is.
	 *
	 * @param newPart from 0 to 1; less than 0 if nobody can tell
	 * @param newText a short sentence
	 */
	public void show(final double newPart, final String newText) {
		part = newPart;
		text = newText;
	}

	/** @return whether the user wants it to stop */
	public boolean isCancelled() {
		return cancelled;
	}

	void cancel() {
		cancelled = true;
	}

	double part() {
		return part;
	}

	String text() {
		return text;
	}
}
