package deepimagej.window;

/** What the choices of a run come to. */
public final class Verdict {

	private final String problem;
	private final String key;
	private final String preview;
	private final String[] lines;

	/**
	 * A verdict, made by Python.
	 *
	 * @param problem what is wrong, with the way out; empty if the run can start
	 * @param key the field that it is about; empty for the image or the whole
	 * @param preview what the run will do, a sentence each line
	 * @param lines the run as a full macro line, a short one, and as Python; "" for what cannot be
	 *          written
	 */
	public Verdict(final String problem, final String key, final String preview,
		final String[] lines)
	{
		this.problem = problem;
		this.key = key;
		this.preview = preview;
		this.lines = lines.clone();
	}

	boolean isLegal() {
		return problem.isEmpty();
	}

	String problem() {
		return problem;
	}

	String key() {
		return key;
	}

	String preview() {
		return preview;
	}

	String fullLine() {
		return lines[0];
	}

	String shortLine() {
		return lines[1];
	}

	String python() {
		return lines[2];
	}
}
