package deepimagej.window;

import deepimagej.Answer;

/** Python cannot answer, and says why. */
public final class Refusal extends RuntimeException {

	private static final long serialVersionUID = 1L;

	private final transient Answer reason;

	/**
	 * Carries the reason to the window.
	 *
	 * @param reason a failed answer
	 */
	public Refusal(final Answer reason) {
		super(reason.text());
		this.reason = reason;
	}

	Answer reason() {
		return reason;
	}
}
